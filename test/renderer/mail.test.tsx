import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { en } from "#renderer/text/en.ts";
import { ALICE, bob, carol } from "./fake-data.ts";
import { open, press, show, type } from "./show.tsx";

const find = (word: string) =>
  fireEvent.change(screen.getByRole("searchbox", { name: en.palette.label }), { target: { value: word } });

test("the list marks the exception and is quiet about the normal", async () => {
  show();
  const open_ = await screen.findByRole("option", { name: /The Reed, winter letter/ });
  expect(open_.textContent).toContain("open, direct");
  const normal = screen.getByRole("option", { name: /Tea on Sunday/ });
  expect(normal.textContent).not.toMatch(/private|mixed/);
  expect(screen.getByRole("option", { name: /Minutes of the meeting/ }).textContent).toContain(en.mark.broken);
});

test("a conversation opens with its newest message, is read, and says who could read it", async () => {
  const program = show();
  await open(/The second draft/);
  await screen.findByText(/the map on page four/);
  await waitFor(() => expect(program.calls).toContain("mail.markRead"));
  await press(/private and verified, mixed/);
  screen.getByText(en.mark.readableBy.verified("Bob Adeyemi"));
  screen.getByText(en.mark.pathSays.mixed);
  // The older messages are folded, and open on demand.
  expect(screen.queryByText(/moved the interviews to the end/, { selector: ".plain-text *" })).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: en.thread.openMessage("Bob Adeyemi") }));
  await screen.findByText(/moved the interviews to the end/, { selector: ".plain-text *" });
});

test("what is quoted is folded", async () => {
  show();
  await open(/The second draft/);
  await screen.findByText(/the map on page four/);
  expect(screen.queryByText(/On Friday, Alice Moreau wrote/)).toBeNull();
  await press(en.thread.showQuote);
  screen.getByText(/On Friday, Alice Moreau wrote/);
});

test("an address in a mail opens only after the question that shows where it goes", async () => {
  const program = show();
  await open(/The second draft/);
  await press("https://maps.example/harbour/2019");
  const prompt = await screen.findByRole("alertdialog");
  expect(prompt.textContent).toContain("https://maps.example/harbour/2019");
  fireEvent.click(within(prompt).getByRole("button", { name: en.link.stay }));
  await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
  expect(program.opened).toEqual([]);
  await press("https://maps.example/harbour/2019");
  await press(en.link.open);
  expect(program.opened).toEqual(["https://maps.example/harbour/2019"]);
});

test("a damaged message is not shown, nor quoted in an answer", async () => {
  const program = show({
    mail: [
      { from: bob, subject: "Damaged", text: "SECRET LEFTOVERS", ago: 1_000, content: "broken", signature: "invalid" },
    ],
  });
  await open(/Damaged/);
  await screen.findByText(en.mark.readableBy.broken());
  expect(screen.queryByText(/SECRET/, { selector: ".plain-text *" })).toBeNull();
  await press(en.thread.reply);
  expect((await screen.findByLabelText<HTMLTextAreaElement>(en.compose.text)).value).toBe("");
  expect(program.calls).not.toContain("mail.html");
});

test("a changed signature key is warned of without being asked", async () => {
  show();
  await open(/New telephone/);
  await screen.findByText(en.mark.signature["key-changed"]);
});

test("the frame for a sender's layout may run nothing and is nobody's origin", async () => {
  show();
  await open(/winter letter/);
  await press(en.thread.showHtml);
  const frame = await screen.findByTitle<HTMLIFrameElement>(en.thread.htmlFrame);
  expect(frame.getAttribute("sandbox")).toBe("");
  expect(frame.getAttribute("srcdoc")).toContain("default-src 'none'");
  expect(frame.hasAttribute("src")).toBe(false);
  expect(frame.getAttribute("allow")).toBeNull();
});

test("names that try to look like someone else show their address", async () => {
  show({
    mail: [
      { from: { name: "\u2800\u200B", address: "blank@b.example" }, subject: "Blank name", text: "x", ago: 2_000 },
      {
        from: { name: "bank@trusted.example", address: "mallory@b.example" },
        subject: "Borrowed name",
        text: "x",
        ago: 1_000,
      },
      { from: { name: "gpj.\u202Eexe", address: "turned@b.example" }, subject: "Turned name", text: "x", ago: 3_000 },
    ],
  });
  expect((await screen.findByRole("option", { name: /Blank name/ })).textContent).toContain("blank@b.example");
  expect(screen.getByRole("option", { name: /Borrowed name/ }).textContent).toContain("mallory@b.example");
  expect(screen.getByRole("option", { name: /Turned name/ }).textContent).not.toContain("\u202E");
});

test("search finds, says when it does not, and gives the list back", async () => {
  show();
  await screen.findByRole("option", { name: /The second draft/ });
  type(en.list.search, "sunday");
  await waitFor(() => expect(screen.queryByRole("option", { name: /winter letter/ })).toBeNull());
  await screen.findByRole("option", { name: /Tea on Sunday/ });
  type(en.list.search, "zebra");
  await screen.findByText(en.list.empty.search.title);
  type(en.list.search, "");
  await screen.findByRole("option", { name: /winter letter/ });
});

test("empty folders teach in one sentence with one thing to do", async () => {
  show({ mail: [] });
  await screen.findByText(en.list.empty.inbox.body);
  await press(en.folders.sent);
  await screen.findByText(en.list.empty.sent.body);
  await press(en.folders.drafts);
  await screen.findByText(en.list.empty.drafts.body);
  await press(en.list.writeFirst);
  await screen.findByRole("dialog", { name: en.compose.title.empty });
});

test("new mail appears by itself", async () => {
  const program = show();
  await screen.findByRole("option", { name: /The second draft/ });
  program.receive({ from: carol, subject: "Just in", text: "x", ago: 0, unread: true });
  await screen.findByRole("option", { name: /Just in/ });
});

test("a list longer than a page goes on when asked", async () => {
  const mail = Array.from({ length: 130 }, (_, index) => ({
    from: bob,
    subject: `Letter ${index}`,
    text: "x",
    ago: (index + 1) * 60_000,
  }));
  show({ mail });
  await screen.findByRole("option", { name: /Letter 0\b/ });
  expect(screen.queryByRole("option", { name: /Letter 120/ })).toBeNull();
  await press(en.list.older);
  await screen.findByRole("option", { name: /Letter 120/ });
});

test("the arrow keys go through the list, and Enter opens", async () => {
  show();
  const first = await screen.findByRole("option", { name: /The second draft/ });
  first.focus();
  fireEvent.keyDown(first, { key: "ArrowDown" });
  fireEvent.keyUp(first, { key: "ArrowDown" });
  const second = screen.getByRole("option", { name: /Tea on Sunday/ });
  await waitFor(() => expect(document.activeElement).toBe(second));
  expect([first, second].map(({ tabIndex }) => tabIndex)).toContain(0);
  fireEvent.keyDown(second, { key: "Enter" });
  fireEvent.keyUp(second, { key: "Enter" });
  await screen.findByText(/at the usual place. I shall bring/, { selector: ".plain-text *" });
});

test("an attachment is saved under its name, and a failure is told", async () => {
  const program = show();
  await open(/The second draft/);
  await press(en.thread.save("second-draft.pdf"));
  await waitFor(() => expect(program.saved).toEqual([{ name: "second-draft.pdf", bytes: 412_800 }]));
});

test("a list that cannot be fetched says so and tries again", async () => {
  const program = show({ stage: "locked" });
  await screen.findByText(en.unlock.title);
  program.failNext("app.unlock", "STORE_DAMAGED");
  type(en.unlock.passphrase, "x");
  await press(en.unlock.unlock);
  expect((await screen.findByRole("alert")).textContent).toContain(en.errors.STORE_DAMAGED.safe);
});

test("Ctrl+K finds commands, people and mail, and acts", async () => {
  show();
  await screen.findByRole("option", { name: /The second draft/ });
  fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
  const palette = await screen.findByRole("dialog", { name: en.palette.label });
  find("carol");
  const person = await within(palette).findByRole("menuitem", { name: /Carol Nyström/ });
  fireEvent.click(person);
  await screen.findByRole("dialog", { name: en.compose.title.private });
  fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
  await screen.findByRole("dialog", { name: en.palette.label });
  find("network");
  fireEvent.click(await screen.findByRole("menuitem", { name: en.palette.network }));
  await screen.findByRole("heading", { name: en.network.title });
});

test("the way of a sent mail fills in as it goes, and says what an observer saw", async () => {
  const program = show({
    mail: [{ from: ALICE, to: [carol], subject: "Letters", text: "x", ago: 30_000, delivery: "queued" }],
  });
  await press(en.folders.sent);
  await open(/Letters/);
  const journey = await screen.findByRole("region", { name: en.journey.title });
  await within(journey).findByText(en.journey.providerWait);
  within(journey).getByText(en.journey.observer);
  const messageId = "00000000-0000-4000-8000-000000000002";
  program.advance(messageId, { delivery: "mixing", fragmentsSent: 3, firstSentAt: Date.now() });
  await within(journey).findByText(en.journey.providerNow(3, 4));
  // What has left may be there: nobody can know before an answer.
  within(journey).getByText("Not confirmed yet");
  expect(within(journey).queryByText(/Not there yet|Waits/)).toBeNull();
  program.advance(messageId, { delivery: "stored", fragmentsSent: 4, storedAt: Date.now() });
  await within(journey).findByText(/^Stored/);
  within(journey).getByText("No receipt yet");
  expect(within(journey).queryByText(/Not there yet|Waits/)).toBeNull();
  program.advance(messageId, { delivery: "delivered", deliveredAt: Date.now() });
  await within(journey).findByText(/^Delivered/);
  await within(journey).findByText(en.journey.observerDelivered);
});

test("the way of a mail names the reader's provider only where the mail waits there, and no time while it cannot leave", async () => {
  const program = show({
    mail: [{ from: ALICE, to: [carol], subject: "Letters", text: "x", ago: 30_000, delivery: "queued" }],
  });
  await press(en.folders.sent);
  await open(/Letters/);
  const journey = await screen.findByRole("region", { name: en.journey.title });
  const theirs = en.journey.theirProvider(carol.address.slice(carol.address.indexOf("@") + 1));
  await within(journey).findByText(theirs);
  within(journey).getByText(/^Expected/);
  const messageId = "00000000-0000-4000-8000-000000000002";
  program.advance(messageId, { goesTo: "box", waitingFor: "provider" });
  await within(journey).findByText(en.journey.otherProvider);
  expect(within(journey).queryByText(theirs)).toBeNull();
  for (const untrue of [/^Expected/, en.journey.providerWait, en.journey.observer]) {
    expect(within(journey).queryByText(untrue)).toBeNull();
  }
  program.advance(messageId, { goesTo: undefined });
  await within(journey).findByText(en.journey.someProvider);
});

test("of a mail that failed after it left nobody knows whether its reader has it; of one that never left everybody does", async () => {
  const program = show({
    mail: [{ from: ALICE, to: [carol], subject: "Letters", text: "x", ago: 30_000, delivery: "queued" }],
  });
  await press(en.folders.sent);
  await open(/Letters/);
  const journey = await screen.findByRole("region", { name: en.journey.title });
  const messageId = "00000000-0000-4000-8000-000000000002";
  program.advance(messageId, { waitingFor: "provider" });
  await waitFor(() => expect(within(journey).getAllByText("Not there yet")).toHaveLength(3));
  program.advance(messageId, { waitingFor: "none", delivery: "failed", firstSentAt: Date.now(), fragmentsSent: 4 });
  await within(journey).findByText("No receipt yet");
  within(journey).getByText("Not confirmed yet");
  expect(within(journey).queryByText("Not there yet")).toBeNull();
});

test("a mail that failed says why and can be sent again", async () => {
  const program = show();
  await press(en.folders.sent);
  await open(/The invoice/);
  expect((await screen.findByRole("alert")).textContent).toContain(en.errors.KEY_EXPIRED.todo);
  await press(en.journey.retry);
  await waitFor(() => expect(program.calls).toContain("mail.retry"));
});

test("the network page tells small networks, health and cost, and changes the profile", async () => {
  const program = show();
  await press(en.folders.network);
  await screen.findByText(en.network.small);
  screen.getByText(en.network.loopsValue(142, 143));
  const chat = screen.getByRole("radio", { name: /Chat/ });
  chat.click();
  await waitFor(() => expect(program.calls).toContain("network.setProfile"));
});

test("where both profiles are equally fast and cost the same, the network page says so and offers no choice", async () => {
  const alike = { megabytesPerDay: 9_000, packetsPerMinute: 360, expectedSeconds: 5 };
  show({
    network: {
      profiles: [
        { name: "mail", ...alike },
        { name: "chat", ...alike },
      ],
    },
  });
  await press(en.folders.network);
  await screen.findByText(en.network.profilesAlike);
  expect(screen.queryAllByRole("radio")).toEqual([]);
});

test("marks of what left are all alike", async () => {
  show();
  await press(en.folders.network);
  const strip = await screen.findByRole("img", { name: /left in the last minute/ });
  const marks = [...strip.querySelectorAll(".strip-mark")];
  expect(marks.length).toBeGreaterThan(3);
  const looks = marks.map((mark) =>
    [...mark.attributes]
      .filter(({ name }) => !name.startsWith("x"))
      .map(({ value }) => value)
      .join(),
  );
  expect(new Set(looks).size).toBe(1);
});

for (const [state, code] of [
  ["provider-down", "PROVIDER_DOWN"],
  ["too-small", "NETWORK_TOO_SMALL"],
  ["stale", "CONSENSUS_STALE"],
  ["clock-wrong", "CLOCK_WRONG"],
  ["too-old", "PROGRAM_TOO_OLD"],
  ["untrusted", "CONSENSUS_FORGED"],
] as const) {
  test(`a network that is ${state} is told above everything, with what is safe`, async () => {
    show({ network: { state } });
    expect((await screen.findByRole("alert")).textContent).toContain(en.errors[code].safe);
  });
}

for (const [state, text] of [
  ["provider-losing", en.network.losing],
  ["line-unsteady", en.network.unsteady],
  ["clock-off", en.network.clockOff],
] as const) {
  test(`a network that is ${state} is said above whatever is shown; mail still leaves`, async () => {
    const program = show();
    await screen.findByText("The second draft");
    program.setNetwork({ state });
    const note = await screen.findByRole("alert");
    for (const part of Object.values(text)) expect(note.textContent).toContain(part);
    screen.getByText(en.status[state]);
    await press(en.folders.network);
    await screen.findByText(en.network.state[state]);
  });
}
