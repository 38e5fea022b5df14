/**
 * The window alone, in a real browser, over its program in memory and under the page's own policy: hostile mail fetches and
 * runs nothing; every screen is readable, named and in contrast; screenshots of every screen land in artefacts/screens.
 */

import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { hostileMails } from "../renderer/hostile-html.ts";
import { type Preview, servePreview } from "./preview-server.ts";

let preview: Preview;
test.beforeAll(async () => {
  preview = await servePreview();
});
test.afterAll(async () => {
  await preview.close();
});

/** What the page asked for outside of itself, and what its policy refused. */
function watch(page: Page): { readonly requests: string[]; readonly refusals: string[] } {
  const requests: string[] = [];
  const refusals: string[] = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(preview.origin) && !url.startsWith("data:") && !url.startsWith("about:")) requests.push(url);
  });
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) refusals.push(message.text());
  });
  page.on("pageerror", (error) => refusals.push(error.message));
  return { requests, refusals };
}

/** What the preview puts on its window, and what of a window the tests read. */
interface Hooks {
  readonly innerWidth: number;
  readonly document: { readonly documentElement: { readonly scrollWidth: number } };
  readonly reparse: (html: string) => string;
  readonly sanitiseHtml: (html: string) => {
    readonly html: string;
    readonly links: readonly { readonly url: string }[];
  };
  readonly program: { receive(mail: object): string };
}

test("a hostile mail runs nothing, fetches nothing and shows its text", async ({ page }) => {
  const seen = watch(page);
  await page.goto(`${preview.origin}?stage=open`);
  await page.evaluate((mails) => {
    const { program } = globalThis as unknown as Hooks;
    mails.forEach(({ name, html }, index) => {
      const from = { name: "Mallory", address: "mallory@evil.example" };
      program.receive({ from, subject: `Hostile: ${name}`, text: "x", html, ago: index * 1_000 });
    });
  }, hostileMails);
  for (const { name } of hostileMails) {
    await page.getByRole("option", { name: `Hostile: ${name}` }).click();
    await page.getByRole("button", { name: "Show the sender’s layout" }).click();
    const frame = page.frameLocator("iframe");
    await expect(frame.locator("body"), name).toContainText("SAFE");
    await expect(
      frame.locator("script,svg,math,style,link,base,form,input,button,iframe,object,embed,template,video"),
      name,
    ).toHaveCount(0);
    expect(await frame.locator("[href],[srcset],[background],[onerror],[onload],[onclick]").count(), name).toBe(0);
    // It may not cover anything outside of its frame, nor name anything that the window relies on.
    await expect(page.getByRole("button", { name: "Reply" }), name).toBeVisible();
  }
  expect(await page.evaluate(() => "pwned" in globalThis)).toBe(false);
  // The policy also speaks of handlers in the inert document that the sanitiser reads; nothing there can run or load.
  expect(seen.requests).toEqual([]);
});

test("what the sanitiser lets through stays the same when it is parsed again", async ({ page }) => {
  await page.goto(`${preview.origin}?stage=open`);
  for (const { name, html } of hostileMails) {
    const [once, twice] = await page.evaluate((source) => {
      const { sanitiseHtml, reparse } = globalThis as unknown as Hooks;
      const first = sanitiseHtml(source).html;
      return [first, reparse(first)];
    }, html);
    expect(twice, name).toBe(once);
  }
});

test("a link in a letter waits for an answer, shows where it really goes, and only then opens", async ({ page }) => {
  await page.goto(`${preview.origin}?stage=open`);
  await page.getByRole("option", { name: /winter letter/ }).click();
  await page.getByRole("button", { name: "Show the sender’s layout" }).click();
  await page.frameLocator("iframe").getByText("www.reed.example/account").click();
  await expect(page.getByRole("alertdialog")).toHaveCount(0);
  await page.getByRole("button", { name: "https://evil.example/login" }).click();
  const prompt = page.getByRole("alertdialog");
  await expect(prompt).toContainText("https://evil.example/login");
  await expect(prompt).toContainText("another site than this one");
  await page.keyboard.press("Escape");
  await expect(prompt).toHaveCount(0);
});

test("everything is reachable by keyboard: list, mail, answer, send", async ({ page }) => {
  await page.goto(`${preview.origin}?stage=open`);
  const first = page.getByRole("option").first();
  await first.waitFor();
  await page.keyboard.press("F6");
  await page.keyboard.press("F6");
  await page.keyboard.press("Tab");
  for (let tabs = 0; tabs < 5 && (await page.locator("[role=option]:focus").count()) === 0; tabs++) {
    await page.keyboard.press("Tab");
  }
  await expect(first).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Tea on Sunday?" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("carol");
  await expect(page.getByRole("menuitem", { name: /Carol/ }).first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "New private mail, mixed" })).toBeVisible();
  await page.getByLabel("Your mail").fill("Half past three it is.");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByText(/^On its way/)).toBeVisible();
});

/** Landmarks of our own; and a menu that the arrow keys scroll from its search field, which holds the focus for it. */
const UNFIT = ["region", "scrollable-region-focusable"];

const LOOKS = [
  { name: "light", scheme: "light", width: 1280, height: 800, query: "" },
  { name: "dark", scheme: "dark", width: 1280, height: 800, query: "" },
  { name: "rtl", scheme: "light", width: 1280, height: 800, query: "&dir=rtl" },
  // 200 %: half of the window's size in its own units.
  { name: "200", scheme: "light", width: 640, height: 400, query: "" },
] as const;

const INVITE = "starling:1:AAECAwQFBgcICQ";
const PHRASE = "heron lantern quiet orchard";

const SCREENS: readonly {
  readonly name: string;
  readonly stage: string;
  readonly go: (page: Page) => Promise<unknown>;
}[] = [
  { name: "invite", stage: "new", go: async () => {} },
  { name: "name", stage: "new", go: toNamePage },
  {
    name: "recovery",
    stage: "new",
    async go(page) {
      await toNamePage(page);
      await page.getByLabel("Passphrase", { exact: true }).fill(PHRASE);
      await page.getByLabel("Passphrase again").fill(PHRASE);
      await page.getByRole("button", { name: "Make my address" }).click();
      await page.getByRole("heading", { name: /Welcome/ }).waitFor();
    },
  },
  {
    name: "unlock",
    stage: "locked",
    async go(page) {
      await page.getByLabel("Passphrase").fill("not this");
      await page.getByRole("button", { name: "Unlock" }).click();
      await page.getByRole("alert").waitFor();
    },
  },
  { name: "list", stage: "open", go: (page) => page.getByRole("option").first().waitFor() },
  { name: "thread", stage: "open", go: (page) => read(page, /The second draft/) },
  {
    name: "letter",
    stage: "open",
    async go(page) {
      await read(page, /winter letter/);
      await page.getByRole("button", { name: "Show the sender’s layout" }).click();
      await page.frameLocator("iframe").getByText("Monday").waitFor();
    },
  },
  {
    name: "compose",
    stage: "open",
    async go(page) {
      await read(page, /The second draft/);
      await page.getByRole("button", { name: "Reply" }).click();
      await page.getByRole("dialog", { name: "New private and verified mail, mixed" }).waitFor();
    },
  },
  {
    name: "readers",
    stage: "open",
    async go(page) {
      await page.getByRole("button", { name: "Write", exact: true }).click();
      await page
        .getByRole("combobox", { name: "To" })
        .fill("bob@b.example dan@b.example erin@a.example frank@c.example ");
      await page.getByRole("dialog", { name: "New mail, not private yet" }).waitFor();
    },
  },
  {
    name: "journey",
    stage: "open",
    async go(page) {
      await page.getByRole("button", { name: "Sent", exact: true }).click();
      await read(page, /letters from 1961/);
      await page.getByText("What an observer of your line saw").waitFor();
    },
  },
  {
    name: "network",
    stage: "open",
    async go(page) {
      await page.getByRole("button", { name: "Network", exact: true }).click();
      await page.getByText("Loops that came home").waitFor();
    },
  },
  {
    name: "join",
    stage: "new",
    async go(page) {
      await page.getByRole("button", { name: "Join with a code" }).click();
      await page.getByLabel("The code").fill("7bdq2-0");
    },
  },
  {
    name: "join-name",
    stage: "new",
    async go(page) {
      await page.getByRole("button", { name: "Join with a code" }).click();
      await page.getByLabel("The line").fill(INVITE);
      await page.getByLabel("The code").fill("7bdq2-kx4mw-o3vra-u5hte-zn6gpy");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByLabel("Name of this device").fill("Telephone");
    },
  },
  { name: "devices", stage: "open", go: toDevices },
  {
    name: "device-add",
    stage: "open",
    async go(page) {
      await toDevices(page);
      await page.getByRole("button", { name: "Add a device" }).click();
      await page.getByText("Waiting for the new device").waitFor();
    },
  },
  {
    name: "device-remove",
    stage: "open",
    async go(page) {
      await toDevices(page);
      await page.getByRole("button", { name: "Remove Office" }).click();
      await page.getByRole("alertdialog").waitFor();
    },
  },
  {
    name: "palette",
    stage: "open",
    async go(page) {
      await page.getByRole("option").first().waitFor();
      await page.keyboard.press("Control+k");
      await page.getByRole("menuitem").first().waitFor();
    },
  },
];

async function toDevices(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Devices", exact: true }).click();
  await page.getByText("Office").waitFor();
}

for (const look of LOOKS) {
  test(`every screen holds up to a careful look: ${look.name}`, async ({ browser }) => {
    const context = await browser.newContext({
      colorScheme: look.scheme,
      viewport: { width: look.width, height: look.height },
      deviceScaleFactor: look.name === "200" ? 2 : 1,
      reducedMotion: "reduce",
    });
    for (const { name, stage, go } of SCREENS) {
      const page = await context.newPage();
      const seen = watch(page);
      await page.goto(`${preview.origin}?stage=${stage}${look.query}`);
      await go(page);
      await page.screenshot({ path: `artefacts/screens/window-${name}-${look.name}.png` });
      const { violations } = await new AxeBuilder({ page }).exclude("iframe").disableRules(UNFIT).analyze();
      expect
        .soft(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`),
          `${name}, ${look.name}`,
        )
        .toEqual([]);
      const wider = await page.evaluate(() => {
        const { document, innerWidth } = globalThis as unknown as Hooks;
        return document.documentElement.scrollWidth - innerWidth;
      });
      expect.soft(wider, `${name} scrolls sideways`).toBeLessThanOrEqual(0);
      expect.soft(seen).toEqual({ requests: [], refusals: [] });
      await page.close();
    }
    await context.close();
  });
}

async function toNamePage(page: Page): Promise<void> {
  await page.getByLabel("Your invite").fill(INVITE);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Your name").fill("Alice Moreau");
}

async function read(page: Page, name: RegExp): Promise<void> {
  await page.getByRole("option", { name }).first().click();
  await page.getByRole("button", { name: "Reply" }).waitFor();
}
