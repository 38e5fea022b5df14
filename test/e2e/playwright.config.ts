/** Both hosts in Debian's Chromium. Screenshots of every screen land in artefacts/screens. */

import { defineConfig } from "@playwright/test";
import { CHROMIUM, CHROMIUM_FLAGS } from "./chromium.ts";

export default defineConfig({
  testDir: ".",
  outputDir: "../../artefacts/e2e",
  // A network of ten processes and two desktops at a time is what two cores can hold.
  workers: 1,
  timeout: 240_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  retries: 0,
  use: {
    browserName: "chromium",
    launchOptions: { executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] },
    viewport: { width: 1280, height: 800 },
    trace: "retain-on-failure",
  },
});
