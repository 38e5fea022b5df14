import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { en } from "#renderer/text/en.ts";
import { INVITE, PASSPHRASE } from "./fake-data.ts";
import { press, show, type } from "./show.tsx";

test("an invite, a name and a passphrase make an address, and the mail opens", async () => {
  const program = show({ stage: "new" });
  await screen.findByText(en.firstRun.inviteTitle);
  type(en.firstRun.invite, `  ${INVITE}\n`);
  await press(en.firstRun.continue);
  await screen.findByText(en.firstRun.whoBody("a.example", "Demonstration"));
  // A demonstration hides nothing, and says so before anyone relies on it.
  screen.getByText(en.firstRun.demo);
  type(en.firstRun.name, "Ada Lovelace");
  expect(screen.getByLabelText<HTMLInputElement>(en.firstRun.localPart).value).toBe("ada.lovelace");
  type(en.firstRun.passphrase, PASSPHRASE);
  type(en.firstRun.passphraseAgain, PASSPHRASE);
  await press(en.firstRun.create);
  await screen.findByText(en.firstRun.doneTitle("Ada Lovelace"));
  expect(screen.getByRole("button", { name: en.firstRun.toMail })).toHaveProperty("disabled", true);
  screen.getByLabelText(en.firstRun.saved).click();
  await press(en.firstRun.toMail);
  await screen.findByRole("navigation", { name: en.folders.label });
  expect(program.calls).toContain("app.create");
});

test("a spoilt invite is told with what is safe and what to do, and can be corrected", async () => {
  show({ stage: "new" });
  await screen.findByText(en.firstRun.inviteTitle);
  type(en.firstRun.invite, "starling:1:spoilt");
  await press(en.firstRun.continue);
  const note = await screen.findByRole("alert");
  for (const part of Object.values(en.errors.BAD_INVITE)) expect(note.textContent).toContain(part);
  type(en.firstRun.invite, INVITE);
  await press(en.firstRun.continue);
  await screen.findByText(en.firstRun.whoTitle);
});

test("a taken address and a weak passphrase leave everything typed in place", async () => {
  show({ stage: "new" });
  await screen.findByText(en.firstRun.inviteTitle);
  type(en.firstRun.invite, INVITE);
  await press(en.firstRun.continue);
  await screen.findByText(en.firstRun.whoTitle);
  type(en.firstRun.name, "Bob");
  type(en.firstRun.passphrase, PASSPHRASE);
  type(en.firstRun.passphraseAgain, PASSPHRASE);
  await press(en.firstRun.create);
  expect((await screen.findByRole("alert")).dataset["code"]).toBe("ADDRESS_TAKEN");
  type(en.firstRun.localPart, "bobby");
  type(en.firstRun.passphrase, "short");
  type(en.firstRun.passphraseAgain, "short");
  await press(en.firstRun.create);
  await waitFor(() => expect(screen.getByRole("alert").dataset["code"]).toBe("WEAK_PASSPHRASE"));
  expect(screen.getByLabelText<HTMLInputElement>(en.firstRun.localPart).value).toBe("bobby");
});

test("two different passphrases are told before anything is made", async () => {
  const program = show({ stage: "new" });
  await screen.findByText(en.firstRun.inviteTitle);
  type(en.firstRun.invite, INVITE);
  await press(en.firstRun.continue);
  await screen.findByText(en.firstRun.whoTitle);
  type(en.firstRun.name, "Ada");
  type(en.firstRun.passphrase, PASSPHRASE);
  type(en.firstRun.passphraseAgain, `${PASSPHRASE} x`);
  await screen.findByText(en.firstRun.passphraseDiffers);
  expect(screen.getByRole("button", { name: en.firstRun.create })).toHaveProperty("disabled", true);
  expect(program.calls).not.toContain("app.create");
});

test("a wrong passphrase is told, the right one opens the mail, and Lock closes it again", async () => {
  show({ stage: "locked" });
  await screen.findByText(en.unlock.body("alice@a.example"));
  type(en.unlock.passphrase, "not this");
  await press(en.unlock.unlock);
  expect((await screen.findByRole("alert")).textContent).toContain(en.errors.WRONG_PASSPHRASE.todo);
  type(en.unlock.passphrase, PASSPHRASE);
  await press(en.unlock.unlock);
  await press(en.folders.lock);
  await screen.findByText(en.unlock.title);
  expect(screen.queryByText("The second draft")).toBeNull();
});

test("a window that lost the program says so and keeps what is on screen", async () => {
  const program = show();
  await screen.findByRole("navigation", { name: en.folders.label });
  program.disconnect();
  expect((await screen.findByRole("alert")).textContent).toContain(en.app.lost.what);
  screen.getByRole("navigation", { name: en.folders.label });
});

test("the older of two windows says one thing, whatever is pressed in it afterwards", async () => {
  const program = show({ ending: "replaced" });
  await screen.findByRole("navigation", { name: en.folders.label });
  program.disconnect();
  await screen.findByText(en.app.replaced.todo);
  await press(en.folders.devices);
  await press(en.folders.lock);
  await press(/^Inbox/);
  expect(screen.getAllByRole("alert")).toHaveLength(1);
  expect(document.body.textContent).not.toContain(en.errors.REFUSED.what);
  screen.getByRole("button", { name: en.app.takeOver });
});
