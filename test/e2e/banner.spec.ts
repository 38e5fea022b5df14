/** What a banner says stays in sight while somebody writes, in wide and narrow windows. */

import { expect, test } from "@playwright/test";
import { type Preview, servePreview } from "./preview-server.ts";

let preview: Preview;
test.beforeAll(async () => {
  preview = await servePreview();
});
test.afterAll(async () => {
  await preview.close();
});

for (const { name, width, height } of [
  { name: "wide", width: 1280, height: 800 },
  { name: "narrow", width: 640, height: 700 },
  { name: "200 %", width: 640, height: 400 },
]) {
  test(`the composer covers no banner, and leaves room to write: ${name}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await page.goto(`${preview.origin}?stage=open&state=provider-down`);
    await page.getByRole("button", { name: "Write", exact: true }).click();
    const sheet = page.getByRole("dialog");
    await expect(sheet).toBeVisible();
    const words = page.getByRole("alert").locator(".error-what");
    await expect(words).toBeVisible();
    // A click there reaches the banner: nothing lies over it.
    await words.click({ trial: true, timeout: 5_000 });
    const [above, below] = [await page.getByRole("alert").boundingBox(), await sheet.boundingBox()];
    expect(above!.y + above!.height).toBeLessThanOrEqual(below!.y);
    const field = await page.getByLabel("Your mail").boundingBox();
    expect(field!.height).toBeGreaterThan(60);
    await page.getByLabel("Your mail").fill("Dear Bob");
    await expect(page.getByRole("button", { name: "Add a reader to send" })).toBeInViewport();
  });
}
