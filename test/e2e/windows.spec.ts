/**
 * Two people, two windows, a whole network between them: the browser host as it is. What they see is what they read on the
 * screen; screenshots of every screen, light and dark, land in artefacts/screens.
 */

import { readFileSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { Windows } from "./windows.ts";

test.describe.configure({ mode: "serial" });

const PASSPHRASE = "quiet river under seven bridges";
const SUBJECT = "The minutes of Tuesday";

let windows: Windows;
let alice: Page;
let bob: Page;
/** Addresses that a window asked for and that are not its own. */
const strayed: string[] = [];

test.beforeAll(async ({ browser }) => {
  windows = await Windows.open(browser, ["Alice", "Bob"], (page) => {
    page.on("request", (request) => {
      const url = request.url();
      if (!/^(?:http:\/\/127\.0\.0\.1:\d+\/|blob:|data:)/.test(url)) strayed.push(url);
    });
  });
  [alice, bob] = [windows.of("Alice"), windows.of("Bob")];
});

test.afterAll(() => windows?.close());

test("two people open an account, each with an invite", async () => {
  await expect(alice.getByRole("heading", { name: "A letter nobody sees you send" })).toBeVisible();
  await shoot(alice, "first-run");
  await settleIn(alice, { name: "Alice", domain: "a.example" });
  await settleIn(bob, { name: "Bob", domain: "b.example" });
});

test("Alice writes to Bob with an attachment; the window says what will happen before it does", async () => {
  await expect(alice.getByText(/^Mixing, /)).toBeVisible({ timeout: 60_000 });
  await shoot(alice, "empty-inbox");
  await alice.getByRole("button", { name: "Write", exact: true }).click();
  const sheet = alice.getByRole("dialog");
  await sheet.getByLabel("To", { exact: true }).fill("bob@b.example");
  await sheet.getByLabel("To", { exact: true }).press("Enter");
  await sheet.getByLabel("Subject").fill(SUBJECT);
  await sheet.getByLabel("Your mail").fill("Dear Bob,\n\nhere is what we agreed on.\n\nAlice\n");
  await sheet.locator("input[type=file]").setInputFiles({
    name: "minutes.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("Agreed: the reading room, six o'clock.\n"),
  });
  await expect(sheet.getByText("minutes.txt")).toBeVisible();
  // The key is looked up through the mix network, and asked for again where the first answer is still on its way.
  await expect(sheet.getByRole("heading")).toHaveText("New private mail, mixed", { timeout: 60_000 });
  await expect(sheet.getByRole("button", { name: /^Send privately, arrives in/ })).toBeEnabled();
  await shoot(alice, "compose");
  await sheet.getByRole("button", { name: /^Send privately/ }).click();
  await expect(sheet).toBeHidden();
});

test("the way of the mail shows while it is on its way", async () => {
  await alice.getByRole("button", { name: "Sent", exact: true }).click();
  await alice.getByRole("option", { name: new RegExp(SUBJECT) }).click();
  await expect(alice.getByRole("region", { name: "The way of this mail" })).toBeVisible();
  await shoot(alice, "journey");
});

test("Bob reads it, verified, and saves the attachment", async () => {
  await bob.getByRole("option", { name: new RegExp(SUBJECT) }).click({ timeout: 60_000 });
  const message = bob.getByRole("region", { name: "Alice" });
  await expect(message.getByText("here is what we agreed on.")).toBeVisible();
  await message.getByRole("button", { name: /private, mixed/ }).click();
  await expect(message.getByText("Signed by the sender; nothing was changed.")).toBeVisible({ timeout: 60_000 });
  await shoot(bob, "thread");
  const download = bob.waitForEvent("download");
  await message.getByRole("button", { name: /minutes\.txt/ }).click();
  const file = await (await download).path();
  expect(readFileSync(file, "utf8")).toBe("Agreed: the reading room, six o'clock.\n");
});

test("Alice sees that it was delivered", async () => {
  const message = alice.getByRole("region", { name: "You" });
  await expect(message.getByText("delivered", { exact: true })).toBeVisible({ timeout: 60_000 });
  await shoot(alice, "delivered");
});

test("Bob answers and Alice reads the answer in the same conversation", async () => {
  await bob.getByRole("button", { name: "Reply" }).click();
  const sheet = bob.getByRole("dialog");
  await sheet.getByLabel("Your mail").fill("Dear Alice,\n\nI will be there.\n\nBob\n");
  await sheet.getByRole("button", { name: /^Send privately, arrives in/ }).click({ timeout: 60_000 });
  await expect(sheet).toBeHidden();

  await alice.getByRole("button", { name: /^Inbox/ }).click();
  const conversation = alice.getByRole("option", { name: new RegExp(SUBJECT) });
  await expect(conversation).toBeVisible({ timeout: 60_000 });
  await conversation.click();
  await expect(alice.getByText("I will be there.").last()).toBeVisible({ timeout: 60_000 });
  await shoot(alice, "answer");
});

test("a hostile mail is shown without running, fetching or leading anywhere", async () => {
  const aliceDesktop = windows.program("Alice");
  const { id } = await aliceDesktop.importMail(hostileMail);
  await aliceDesktop.call("draft.save", { draftId: id, to: ["bob@b.example"], subject: "A prize", text: "SAFE text" });
  await aliceDesktop.call("draft.send", { draftId: id });

  await bob.getByRole("button", { name: /^Inbox/ }).click();
  await bob.getByRole("option", { name: /A prize/ }).click({ timeout: 60_000 });
  await bob.getByRole("button", { name: "Show the sender’s layout" }).click();
  const frame = bob.frameLocator("iframe[sandbox='']");
  await expect(frame.getByText("SAFE layout")).toBeVisible();
  await shoot(bob, "hostile");
  expect(await frame.locator("script, form, meta[http-equiv=refresh], [onerror], [onclick]").count()).toBe(0);
  expect(await bob.evaluate("window.pwned")).toBeUndefined();
  expect(bob.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
});

test("the network page draws what leaves", async () => {
  await alice.getByRole("button", { name: "Network", exact: true }).click();
  await expect(alice.getByRole("main").getByRole("heading").first()).toBeVisible();
  await shoot(alice, "network");
});

test("nothing on any screen keeps people with screen readers out", async () => {
  for (const page of [alice, bob]) {
    const { violations } = await new AxeBuilder({ page }).exclude("iframe").analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  }
});

test("a locked window shows no mail and opens with the passphrase only", async () => {
  await alice.getByRole("button", { name: "Lock", exact: true }).click();
  await expect(alice.getByRole("heading", { name: "Starling is locked" })).toBeVisible();
  await expect(alice.getByText(SUBJECT)).toHaveCount(0);
  await shoot(alice, "locked");
  await alice.getByLabel("Passphrase").fill("another river");
  await alice.getByRole("button", { name: "Unlock" }).click();
  await expect(alice.getByRole("alert")).toBeVisible();
  await alice.getByLabel("Passphrase").fill(PASSPHRASE);
  await alice.getByRole("button", { name: "Unlock" }).click();
  await expect(alice.getByRole("option", { name: new RegExp(SUBJECT) })).toBeVisible();
});

test("no window asked for anything that is not its own", () => {
  expect(strayed).toEqual([]);
});

async function settleIn(
  page: Page,
  { name, domain }: { name: string; domain: "a.example" | "b.example" },
): Promise<void> {
  await page.getByLabel("Your invite").fill(await windows.network.invite(domain));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
  await page.getByLabel("Passphrase again").fill(PASSPHRASE);
  if (name === "Alice") await shoot(page, "first-run-name");
  await page.getByRole("button", { name: "Make my address" }).click();
  await expect(page.getByRole("heading", { name: `Welcome, ${name}` })).toBeVisible({ timeout: 60_000 });
  if (name === "Alice") await shoot(page, "first-run-done");
  await page.getByText("I have written it down").click();
  await page.getByRole("button", { name: "Open my mail" }).click();
}

/** What a designer looks at. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.screenshot({ path: `artefacts/screens/${name}-${colorScheme}.png` });
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: null });
}

/** Runs, fetches, refreshes and submits, if it is let. */
const hostileMail = Buffer.from(
  [
    "From: Alice <alice@a.example>",
    "To: bob@b.example",
    "Subject: A prize",
    "MIME-Version: 1.0",
    'Content-Type: multipart/alternative; boundary="b"',
    "",
    "--b",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "SAFE text",
    "--b",
    "Content-Type: text/html; charset=utf-8",
    "",
    '<meta http-equiv="refresh" content="0;url=https://leak.example/refresh">',
    "<p>SAFE layout</p><script>parent.pwned = 1</script>",
    '<img src="https://leak.example/pixel.png" onerror="parent.pwned = 1">',
    '<link rel="stylesheet" href="https://leak.example/style.css">',
    "<style>@import 'https://leak.example/import.css'; p { background: url(https://leak.example/bg) }</style>",
    '<form action="https://leak.example/form"><button>Claim</button></form>',
    '<iframe src="https://leak.example/frame"></iframe>',
    '<a href="https://leak.example/link" onclick="parent.pwned = 1">https://bank.example</a>',
    "--b--",
    "",
  ].join("\r\n"),
);
