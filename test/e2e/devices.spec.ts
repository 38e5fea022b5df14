/**
 * Two programs of one account, two windows: a code on one, taken to the other; new mail in both; one put out, which says so by
 * itself, and let in again. The mail is one to oneself, which goes the whole way. Screenshots land in artefacts/screens.
 */

import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { Windows } from "./windows.ts";

test.describe.configure({ mode: "serial" });

const PASSPHRASE = "quiet river under seven bridges";
const ADDRESS = "ada@a.example";

let windows: Windows;
let laptop: Page;
let phone: Page;

test.beforeAll(async ({ browser }) => {
  windows = await Windows.open(browser, ["laptop", "phone"]);
  [laptop, phone] = [windows.of("laptop"), windows.of("phone")];
});

test.afterAll(() => windows?.close());

test("a code from one window lets another program into the account", async () => {
  await laptop.getByLabel("Your invite").fill(await windows.network.invite("a.example"));
  await laptop.getByRole("button", { name: "Continue" }).click();
  await laptop.getByLabel("Your name").fill("Ada");
  await enter(laptop, "Make my address");

  await laptop.getByRole("button", { name: "Devices", exact: true }).click();
  await expect(laptop.getByText("This is your only device.")).toBeVisible();
  await laptop.getByRole("button", { name: "Add a device" }).click();
  const offer = laptop.getByRole("dialog", { name: "Add a device" });
  await expect(offer.getByText("Waiting for the new device…")).toBeVisible();
  await laptop.screenshot({ path: "artefacts/screens/devices-offer.png" });
  const both = await offer.getByLabel("One line to copy").inputValue();
  // The window is reloaded while somebody is on the way to the other device.
  await laptop.reload();
  expect(await offer.getByLabel("One line to copy").inputValue()).toBe(both);

  await phone.getByLabel("Your invite").fill(both);
  await phone.getByRole("button", { name: "Continue" }).click();
  await phone.getByLabel("Name of this device").fill("Telephone");
  await enter(phone, "Join");
  await expect(phone.getByText(ADDRESS)).toBeVisible();
  await expect(offer.getByText("Telephone has joined.")).toBeVisible({ timeout: 30_000 });
  await offer.getByRole("button", { name: "Done" }).click();
  await expect(laptop.getByRole("list", { name: "Your devices" }).getByText("Telephone")).toBeVisible();
  await laptop.screenshot({ path: "artefacts/screens/devices-two.png" });
  const { violations } = await new AxeBuilder({ page: laptop }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
});

test("a mail that one device writes reaches both", async () => {
  await expect(phone.getByText(/^Mixing, /)).toBeVisible({ timeout: 60_000 });
  await phone.getByRole("button", { name: "Write", exact: true }).click();
  const sheet = phone.getByRole("dialog");
  await sheet.getByLabel("To", { exact: true }).fill(ADDRESS);
  await sheet.getByLabel("To", { exact: true }).press("Enter");
  await sheet.getByLabel("Subject").fill("From the telephone");
  await sheet.getByLabel("Your mail").fill("Both of you should have this.\n");
  await sheet.getByRole("button", { name: /^Send privately, arrives in/ }).click({ timeout: 60_000 });
  await laptop.getByRole("button", { name: /^Inbox/ }).click();
  await phone.getByRole("button", { name: /^Inbox/ }).click();
  for (const page of [laptop, phone]) {
    await page.getByRole("option", { name: /From the telephone/ }).click({ timeout: 60_000 });
    await expect(page.getByText("Both of you should have this.").last()).toBeVisible();
  }
});

test("a device that is removed says so by itself on whatever page, and joins again with a code", async () => {
  await laptop.getByRole("button", { name: "Devices", exact: true }).click();
  await laptop.getByRole("button", { name: "Remove Telephone" }).click();
  const question = laptop.getByRole("alertdialog", { name: "Remove Telephone?" });
  await laptop.screenshot({ path: "artefacts/screens/devices-remove.png" });
  await question.getByRole("button", { name: "Remove it" }).click();
  await expect(laptop.getByText("Telephone was removed.")).toBeVisible();
  await expect(laptop.getByText("This is your only device.")).toBeVisible();

  // Nobody touches the telephone: the conversation that was open there stays open.
  await expect(phone.getByRole("alert")).toContainText("no longer one of your account", { timeout: 60_000 });
  await expect(phone.getByText("Both of you should have this.").last()).toBeVisible();
  await shoot(phone, "devices-removed");
  const { violations } = await new AxeBuilder({ page: phone }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);

  await laptop.getByRole("button", { name: "Add a device" }).click();
  const code = laptop.getByRole("list", { name: "Or the code, to type" }).getByRole("listitem");
  await expect(code.first()).toBeVisible({ timeout: 30_000 });
  await phone.getByRole("button", { name: "Join again" }).click();
  const dialog = phone.getByRole("dialog", { name: "Join your account again" });
  await dialog.getByLabel("The code").fill((await code.allTextContents()).join(" ").toUpperCase());
  await phone.screenshot({ path: "artefacts/screens/devices-rejoin.png" });
  await dialog.getByRole("button", { name: "Join again" }).click();
  await expect(phone.getByRole("alert")).toBeHidden({ timeout: 60_000 });
  await expect(phone.getByText(/^Mixing, /)).toBeVisible({ timeout: 60_000 });
  await expect(laptop.getByText("Telephone has joined.")).toBeVisible({ timeout: 30_000 });
});

test("the older of two windows says one thing", async () => {
  const newer = await phone.context().newPage();
  await newer.goto(await windows.program("phone").url());
  await expect(newer.getByText(/^Mixing, /)).toBeVisible({ timeout: 60_000 });
  await phone.getByRole("button", { name: "Devices", exact: true }).click();
  await expect(phone.getByRole("alert")).toHaveCount(1);
  await expect(phone.getByRole("alert")).toContainText("Go on there and close this one.");
  await phone.screenshot({ path: "artefacts/screens/window-replaced.png" });
});

/** What a designer looks at. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.screenshot({ path: `artefacts/screens/${name}-${colorScheme}.png` });
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: null });
}

/** Passphrase twice, the button, and past the page about the paper. */
async function enter(page: Page, button: string): Promise<void> {
  await page.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
  await page.getByLabel("Passphrase again").fill(PASSPHRASE);
  await page.getByRole("button", { name: button, exact: true }).click();
  await page.getByText("I have written it down").click({ timeout: 60_000 });
  await page.getByRole("button", { name: "Open my mail" }).click();
}
