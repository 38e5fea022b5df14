import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { en } from "#renderer/text/en.ts";
import { DEVICE_CODE, INVITE, INVITE_OF_PROVIDER, PASSPHRASE } from "./fake-data.ts";
import { press, show, type } from "./show.tsx";

test("the devices are listed with their names, since when, and which one this is", async () => {
  show();
  await press(en.folders.devices);
  const list = await screen.findByRole("list", { name: en.devices.list });
  const [first, second] = within(list).getAllByRole("listitem") as [HTMLElement, HTMLElement];
  expect(first.textContent).toContain("Laptop");
  expect(first.textContent).toContain(en.devices.isThis);
  expect(within(first).queryByRole("button", { name: /Remove/ })).toBeNull();
  expect(second.textContent).toContain(en.devices.seen(en.time.dayYesterday));
  expect(screen.queryByText(en.devices.only)).toBeNull();
});

test("a provider that cannot be reached is said, with a way to ask again", async () => {
  const program = show();
  program.failNext("devices.list", "PROVIDER_DOWN");
  await press(en.folders.devices);
  expect((await screen.findByRole("alert")).dataset["code"]).toBe("PROVIDER_DOWN");
  await press(en.app.tryAgain);
  await screen.findByText("Office");
});

test("adding a device shows line and code until the new one has joined, and says so", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    const program = show({
      devices: [{ id: "1".repeat(64), name: "", lastSeen: Date.now(), isThis: true, isJoining: false }],
    });
    await press(en.folders.devices);
    await screen.findByText(en.devices.only);
    screen.getByText(en.devices.thisUnnamed);
    await press(en.devices.add);
    const dialog = await screen.findByRole("dialog", { name: en.addDevice.title });
    await within(dialog).findByText(en.addDevice.waiting);
    expect(within(dialog).getByLabelText<HTMLInputElement>(en.addDevice.line).value).toBe(INVITE_OF_PROVIDER);
    const code = within(dialog).getByRole("list", { name: en.addDevice.code });
    const groups = within(code).getAllByRole("listitem");
    expect(groups.map(({ textContent }) => textContent)).toEqual(DEVICE_CODE.split("-"));
    program.addDevice({
      id: "3".repeat(64),
      name: "Phone",
      since: Date.now(),
      lastSeen: Date.now(),
      isThis: false,
      isJoining: false,
    });
    await vi.advanceTimersByTimeAsync(11_000);
    await within(dialog).findByText(en.addDevice.joined("Phone"));
    await press(en.addDevice.done);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(program.calls).not.toContain("devices.withdraw");
    screen.getByText("Phone");
  } finally {
    vi.useRealTimers();
  }
});

test("a code can be taken back; one that is over is said to be, and another can be had", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    const program = show();
    await press(en.folders.devices);
    await press(en.devices.add);
    await screen.findByText(en.addDevice.waiting);
    vi.setSystemTime(Date.now() + 15 * 60_000);
    await vi.advanceTimersByTimeAsync(2_000);
    await screen.findByText(en.addDevice.over);
    expect(screen.queryByRole("list", { name: en.addDevice.code })).toBeNull();
    await press(en.addDevice.fresh);
    await screen.findByText(en.addDevice.waiting);
    program.failNext("devices.withdraw", "PROVIDER_DOWN");
    await press(en.addDevice.cancel);
    expect((await screen.findByRole("alert")).dataset["code"]).toBe("PROVIDER_DOWN");
    await press(en.addDevice.cancel);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(program.calls.filter((name) => name === "devices.withdraw")).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

test("an account with as many devices as it may have says so in place of a code", async () => {
  const program = show();
  await press(en.folders.devices);
  await screen.findByText("Office");
  program.failNext("devices.offer", "TOO_MANY_DEVICES");
  await press(en.devices.add);
  expect((await screen.findByRole("alert")).textContent).toContain(en.errors.TOO_MANY_DEVICES.todo);
  expect(screen.queryByText(en.addDevice.waiting)).toBeNull();
});

test("removing asks first, says what it means and what it does not, and then the device is gone", async () => {
  const program = show();
  await press(en.folders.devices);
  await press(en.devices.removeNamed("Office"));
  const dialog = await screen.findByRole("alertdialog", { name: en.devices.removeTitle("Office") });
  within(dialog).getByText(en.devices.removeRest);
  await press(en.devices.keep);
  await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
  expect(program.calls).not.toContain("devices.remove");
  await press(en.devices.removeNamed("Office"));
  await press(en.devices.removeYes);
  await screen.findByText(en.devices.removed("Office"));
  await waitFor(() => expect(screen.queryByText("Office")).toBeNull());
});

test("this device gets another name", async () => {
  show();
  await press(en.folders.devices);
  await press(en.devices.rename);
  await screen.findByRole("dialog", { name: en.devices.renameTitle });
  type(en.devices.renameField, "Kitchen");
  await press(en.devices.save);
  await screen.findByText("Kitchen");
});

test("a new program joins with the line and the code of another device", async () => {
  const program = show({ stage: "new" });
  await press(en.firstRun.joinInstead);
  await screen.findByText(en.firstRun.joinTitle);
  type(en.firstRun.joinLine, INVITE);
  type(en.firstRun.joinCode, "0bdq2");
  await screen.findByText(en.firstRun.joinCodeBad);
  type(en.firstRun.joinCode, ` ${DEVICE_CODE.toUpperCase().replaceAll("-", " ")}`);
  await press(en.firstRun.continue);
  await screen.findByText(en.firstRun.deviceTitle);
  type(en.firstRun.deviceName, "Phone");
  type(en.firstRun.passphrase, PASSPHRASE);
  type(en.firstRun.passphraseAgain, PASSPHRASE);
  await press(en.firstRun.join);
  await screen.findByText(en.firstRun.joinedBody("alice@a.example"));
  fireEvent.click(screen.getByLabelText(en.firstRun.saved));
  await press(en.firstRun.toMail);
  await screen.findByRole("navigation", { name: en.folders.label });
  expect(program.calls).toContain("app.join");
});

test.each(["BAD_DEVICE_CODE", "PROVIDER_DOWN", "ACCOUNT_DIFFERS", "DEVICE_NEWER"] as const)(
  "joining that fails with %s says so, keeps what was typed, and can be tried again",
  async (code) => {
    const program = show({ stage: "new" });
    await press(en.firstRun.joinInstead);
    type(en.firstRun.joinLine, INVITE);
    type(en.firstRun.joinCode, DEVICE_CODE);
    await press(en.firstRun.continue);
    await screen.findByText(en.firstRun.deviceTitle);
    type(en.firstRun.deviceName, "Phone");
    type(en.firstRun.passphrase, PASSPHRASE);
    type(en.firstRun.passphraseAgain, PASSPHRASE);
    program.failNext("app.join", code);
    await press(en.firstRun.join);
    const note = await screen.findByRole("alert");
    for (const part of Object.values(en.errors[code])) expect(note.textContent).toContain(part);
    expect(screen.getByLabelText<HTMLInputElement>(en.firstRun.deviceName).value).toBe("Phone");
    await press(en.app.back);
    await screen.findByText(en.firstRun.joinTitle);
    expect(screen.getByLabelText<HTMLInputElement>(en.firstRun.joinCode).value).toBe(DEVICE_CODE);
  },
);
