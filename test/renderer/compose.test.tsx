import { readFileSync } from "node:fs";
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import type { Recipient } from "#main/contract/contract.ts";
import { recipient } from "#main/contract/contract.ts";
import { outcomeOf } from "#renderer/screens/Compose.tsx";
import { en } from "#renderer/text/en.ts";
import type { FakeProgram } from "./fake-program.ts";
import { open, press, show, type } from "./show.tsx";

async function write(to = ""): Promise<FakeProgram> {
  const program = show();
  await press(en.folders.write);
  await screen.findByRole("dialog", { name: en.compose.title.empty });
  if (to !== "") addReader(to);
  return program;
}

function addReader(address: string): void {
  fireEvent.change(screen.getByRole("combobox", { name: en.compose.to }), { target: { value: `${address},` } });
}

const chip = (address: string): Promise<HTMLElement> =>
  waitFor(() => {
    const found = document.querySelector<HTMLElement>(`[data-reader="${address}"]`);
    if (found === null) throw new Error(`no chip of ${address}`);
    return found;
  });

const sendButton = (): HTMLElement => document.querySelector<HTMLElement>("button.send")!;

describe("a reader's chip says in words how things stand:", () => {
  for (const state of recipient.shape.state.options) {
    test(state, async () => {
      const program = await write();
      program.setReader("reader@b.example", state);
      addReader("reader@b.example");
      const found = await chip("reader@b.example");
      await waitFor(() => expect(found.textContent).toContain(en.recipient[state]));
      const ready = state === "private" || state === "verified";
      expect(sendButton()).toHaveProperty("disabled", !ready);
      // Why not stands beside the button, for who cannot press the chip or does not think of it.
      const reason = document.getElementById(sendButton().getAttribute("aria-describedby") ?? "");
      expect(reason?.textContent).toBe(ready ? "" : en.recipient.says[state]("reader@b.example"));
      fireEvent.click(found);
      const details = await screen.findByRole("dialog", { name: en.recipient.details("reader@b.example") });
      expect(details.textContent).toContain(en.recipient.says[state]("reader@b.example"));
      expect(details.textContent?.includes(en.recipient.pathSays.mixed)).toBe(ready);
    });
  }
});

test("the words beside the Send button have their place before there are any: what appears with its words is not read out", async () => {
  await write();
  const style = document.createElement("style");
  style.textContent = readFileSync("renderer/styles/compose.css", "utf8");
  document.head.append(style);
  const reason = document.getElementById(sendButton().getAttribute("aria-describedby") ?? "") as HTMLElement;
  expect(reason.textContent).toBe("");
  expect(getComputedStyle(reason).display).not.toBe("none");
  style.remove();
});

test("while a key is looked up, the title, the chip and the Send button say so", async () => {
  const program = await write();
  const release = program.hold("recipient.check");
  addReader("bob@b.example");
  expect((await chip("bob@b.example")).textContent).toContain(en.recipient.looking);
  screen.getByRole("dialog", { name: en.compose.title.looking });
  expect(sendButton().textContent).toContain(en.compose.send.looking("bob@b.example"));
  release();
  await screen.findByRole("dialog", { name: en.compose.title.verified });
  await waitFor(() => expect(sendButton().textContent).toMatch(/Send privately, arrives in about/));
});

test("not having been able to ask is not the same as unknown", async () => {
  const program = await write();
  program.failNext("recipient.check", "LOOKUP_FAILED");
  addReader("bob@b.example");
  const found = await chip("bob@b.example");
  await waitFor(() => expect(found.textContent).toContain(en.recipient.unavailable));
  fireEvent.click(found);
  await press(en.recipient.ask);
  await waitFor(() => expect(found.textContent).toContain(en.recipient.verified));
});

test("one reader who cannot read privately holds the mail back, and is named", async () => {
  await write("bob@b.example");
  addReader("dan@b.example");
  await screen.findByRole("dialog", { name: en.compose.title.blocked });
  expect(sendButton().textContent).toContain(en.compose.send.blocked("Dan Okafor", 0));
  const found = await chip("dan@b.example");
  fireEvent.keyDown(found, { key: "Delete" });
  await screen.findByRole("dialog", { name: en.compose.title.verified });
});

test("comparing safety numbers makes a reader verified", async () => {
  const program = await write("dan@b.example");
  fireEvent.click(await chip("dan@b.example"));
  await press(en.recipient.compare);
  const dialog = await screen.findByRole("dialog", { name: en.safety.title("Dan Okafor") });
  await waitFor(() => expect(within(dialog).getAllByRole("listitem")).toHaveLength(12));
  await press(en.safety.match);
  await screen.findByRole("dialog", { name: en.compose.title.verified });
  expect(program.calls).toContain("people.setVerified");
});

const reader = (state: Recipient["state"] | "looking", path: Recipient["path"] = "mixed") => ({
  address: "a@b.example",
  name: "A",
  state,
  path,
  expectedSeconds: 1,
});

test("a mail is as private as its least private reader, and as mixed as its least mixed way", () => {
  expect(outcomeOf([])).toEqual({ kind: "empty" });
  expect(outcomeOf([reader("verified"), reader("private")])).toMatchObject({ content: "private", path: "mixed" });
  expect(outcomeOf([reader("verified"), reader("verified", "direct")])).toMatchObject({
    content: "verified",
    path: "direct",
  });
  expect(outcomeOf([reader("looking"), reader("unknown")])).toMatchObject({ kind: "blocked" });
});

test("what is no address stays in the field with a word about it", async () => {
  await write();
  addReader("bob at b.example");
  await screen.findByText(en.compose.notAnAddress("bob at b.example"));
});

test("a second reader who was mistyped, or is still being typed, is not left out: nothing is sent before", async () => {
  const program = await write("bob@b.example");
  await waitFor(() => expect(sendButton()).toHaveProperty("disabled", false));
  const field = screen.getByRole("combobox", { name: en.compose.to });
  for (const text of ["carol b.example", "carol@b.exam"]) {
    fireEvent.change(field, { target: { value: text } });
    await screen.findByText(en.compose.send.unfinished(text));
    expect(sendButton()).toHaveProperty("disabled", true);
    fireEvent.keyDown(screen.getByLabelText(en.compose.text), { key: "Enter", ctrlKey: true });
  }
  fireEvent.change(field, { target: { value: "carol b.example" } });
  fireEvent.keyDown(field, { key: "Enter" });
  await screen.findByText(en.compose.notAnAddress("carol b.example"));
  expect(sendButton()).toHaveProperty("disabled", true);
  expect(program.calls).not.toContain("draft.send");
  fireEvent.change(field, { target: { value: "" } });
  await waitFor(() => expect(sendButton()).toHaveProperty("disabled", false));
});

test("sent: the sheet closes, the toast says when, and the sent folder shows its way", async () => {
  const program = await write("bob@b.example");
  type(en.compose.subject, "A new letter");
  type(en.compose.text, "Dear Bob");
  await waitFor(() => expect(sendButton()).toHaveProperty("disabled", false));
  fireEvent.keyDown(screen.getByLabelText(en.compose.text), { key: "Enter", ctrlKey: true });
  await screen.findByText(/^On its way, arrives in about/);
  await screen.findByRole("heading", { name: "A new letter" });
  await screen.findByRole("region", { name: en.journey.title });
  expect(program.calls.filter((name) => name === "draft.send")).toHaveLength(1);
  expect(program.drafts.size).toBe(0);
});

test("the time beside Send is that of this mail to these readers: with the wait in a box where one of them has one", async () => {
  const program = await write("bob@b.example");
  await waitFor(() => expect(sendButton().textContent).toContain("about 45 s"));
  program.setReader("boxed@b.example", "private", { boxSeconds: 1_800 });
  addReader("boxed@b.example");
  await waitFor(() => expect(sendButton().textContent).toContain("about 30 min"));
});

test("a mail that was refused stays, with what is safe and what to do", async () => {
  const program = await write("bob@b.example");
  type(en.compose.text, "Dear Bob");
  await waitFor(() => expect(sendButton()).toHaveProperty("disabled", false));
  program.failNext("draft.send", "MESSAGE_TOO_LARGE");
  fireEvent.click(sendButton());
  expect((await screen.findByRole("alert")).textContent).toContain(en.errors.MESSAGE_TOO_LARGE.todo);
  expect(screen.getByLabelText<HTMLTextAreaElement>(en.compose.text).value).toBe("Dear Bob");
});

test("what is typed is saved by itself, and found again among the drafts", async () => {
  const program = await write("bob@b.example");
  type(en.compose.text, "Half a tho");
  type(en.compose.text, "Half a thought");
  await screen.findByText(en.compose.saved);
  await waitFor(() => expect([...program.drafts.values()].map(({ text }) => text)).toEqual(["Half a thought"]));
  fireEvent.keyDown(screen.getByLabelText(en.compose.text), { key: "Escape" });
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await press(en.folders.drafts);
  await open(/No subject/);
  expect((await screen.findByLabelText<HTMLTextAreaElement>(en.compose.text)).value).toBe("Half a thought");
});

test("closing at once saves what was typed in the last moment", async () => {
  const program = await write("bob@b.example");
  type(en.compose.text, "Quick");
  await press(en.compose.closeKeeping);
  await waitFor(() => expect([...program.drafts.values()].map(({ text }) => text)).toEqual(["Quick"]));
});

test("a draft that could not be saved says so, and is saved on the next try", async () => {
  const program = await write();
  program.failNext("draft.save", "DISK_FULL");
  type(en.compose.text, "Keep this");
  expect((await screen.findByRole("alert")).textContent).toContain(en.errors.DISK_FULL.todo);
  await press(en.app.tryAgain);
  await waitFor(() => expect(program.drafts.size).toBe(1));
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("thrown away can be undone, with everything in it", async () => {
  const program = await write("bob@b.example");
  type(en.compose.text, "Not so sure");
  await press(en.compose.discard);
  await screen.findByText(en.compose.discarded);
  expect(program.calls).not.toContain("draft.discard");
  await press(en.compose.undo);
  expect((await screen.findByLabelText<HTMLTextAreaElement>(en.compose.text)).value).toBe("Not so sure");
  expect(program.drafts.size).toBe(1);
});

test("its sentence goes after its time, however often the page is drawn anew", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    const program = await write("bob@b.example");
    type(en.compose.text, "Not so sure");
    await press(en.compose.discard);
    await screen.findByText(en.compose.discarded);
    for (let tenths = 0; tenths < 90; tenths++) {
      program.setNetwork({ queuedFragments: tenths });
      await act(() => vi.advanceTimersByTimeAsync(100));
    }
    expect(screen.queryByText(en.compose.discarded)).toBeNull();
    expect(program.drafts.size).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("a draft that is emptied again leaves nothing behind when it is closed, and one with a word in it stays", async () => {
  const program = await write("bob@b.example");
  await waitFor(() => expect(program.drafts.size).toBe(1));
  fireEvent.click(screen.getByRole("button", { name: /^Remove/ }));
  await press(en.compose.closeKeeping);
  await waitFor(() => expect(program.drafts.size).toBe(0));
  await press(en.folders.write);
  type(en.compose.text, "x");
  await press(en.compose.closeKeeping);
  await waitFor(() => expect(program.drafts.size).toBe(1));
});

test("a long mail says what it gives away; a very long one is sent by the second press only", async () => {
  const program = await write("bob@b.example");
  await waitFor(() => expect(sendButton()).toHaveProperty("disabled", false));
  const picker = document.querySelector<HTMLInputElement>('input[type="file"]')!;
  const attachFile = (name: string, bytes: number): unknown =>
    fireEvent.change(picker, { target: { files: [new File([new Uint8Array(bytes)], name)] } });
  attachFile("short", 1_000_000);
  await screen.findByText("short");
  expect(screen.queryByText(en.compose.long)).toBeNull();
  attachFile("long", 1_500_000);
  await screen.findByText(en.compose.long);
  attachFile("very long", 9_000_000);
  await screen.findByText(en.compose.veryLong);
  await waitFor(() => expect(sendButton()).toHaveProperty("disabled", false));
  fireEvent.click(sendButton());
  await waitFor(() => expect(sendButton().textContent).toMatch(/^Send this long mail, arrives in/));
  expect(program.calls).not.toContain("draft.send");
  fireEvent.click(sendButton());
  await waitFor(() => expect(program.calls).toContain("draft.send"));
});

test("a mail with nothing in it is sent by the second press only, and the first says why", async () => {
  const program = await write("bob@b.example");
  type(en.compose.text, " ");
  await waitFor(() => expect(sendButton()).toHaveProperty("disabled", false));
  fireEvent.click(sendButton());
  await screen.findByText(en.compose.emptyMail);
  expect(sendButton().textContent).toMatch(/^Send this empty mail, arrives in about/);
  expect(program.calls).not.toContain("draft.send");
  // With a word in it, it is no longer the mail that was asked about.
  type(en.compose.subject, "Hello");
  await waitFor(() => expect(screen.queryByText(en.compose.emptyMail)).toBeNull());
  expect(sendButton().textContent).toMatch(/^Send privately/);
  type(en.compose.subject, "");
  fireEvent.click(sendButton());
  await waitFor(() => expect(program.calls).toContain("draft.send"));
});

test("an attachment shows its size and what it costs in time, and can be taken out", async () => {
  const program = await write("bob@b.example");
  const file = new File([new Uint8Array(830_000)], "notes.pdf", { type: "application/pdf" });
  fireEvent.change(document.querySelector("input[type=file][multiple]")!, { target: { files: [file] } });
  const list = await screen.findByRole("list", { name: en.compose.attachments });
  await waitFor(() => expect(list.textContent).toMatch(/notes\.pdf.*830 kB.*adds about 20 min/));
  await waitFor(() => expect(sendButton().textContent).toContain("about 20 min"));
  await press(en.compose.removeAttachment("notes.pdf"));
  await waitFor(() => expect(screen.queryByRole("list", { name: en.compose.attachments })).toBeNull());
  expect([...program.drafts.values()][0]?.attachments).toEqual([]);
});

test("an answer goes to the sender, quotes below the cursor, and keeps the conversation", async () => {
  const program = show();
  await open(/The second draft/);
  await press(en.thread.reply);
  await chip("bob@b.example");
  const text = screen.getByLabelText<HTMLTextAreaElement>(en.compose.text);
  expect(text.value).toMatch(/^\n\nOn \d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d, Bob Adeyemi wrote:\n> Dear Alice,/);
  expect(screen.getByLabelText<HTMLInputElement>(en.compose.subject).value).toBe("Re: The second draft");
  fireEvent.change(text, { target: { value: `Yes.${text.value}` } });
  await waitFor(() => expect([...program.drafts.values()][0]?.inReplyTo).toBeTruthy());
});

test("while the network is away, Send says that the mail will wait, and no time is promised when it was sent", async () => {
  show({ network: { state: "provider-down" } });
  await press(en.folders.write);
  addReader("bob@b.example");
  type(en.compose.text, "Dear Bob");
  await waitFor(() => expect(sendButton().textContent).toContain(en.compose.send.waits));
  await waitFor(() => expect(sendButton()).toHaveProperty("disabled", false));
  fireEvent.click(sendButton());
  await screen.findByText(en.compose.sentLater);
});

test("a direct way is never called mixed", async () => {
  await write("grace@ordinary.example");
  await screen.findByRole("dialog", { name: en.compose.title.direct });
  expect(sendButton().textContent).toContain("directly");
});
