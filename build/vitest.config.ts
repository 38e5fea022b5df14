/** The window's tests without a browser: `vitest run -c build/vitest.config.ts`. */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/renderer/**/*.test.{ts,tsx}"],
    environment: "happy-dom",
    // Nothing here may reach out: a frame or picture that is asked for is a failure, not a request.
    environmentOptions: { happyDOM: { settings: { disableIframePageLoading: true, disableCSSFileLoading: true } } },
    setupFiles: ["test/renderer/setup.ts"],
    restoreMocks: true,
    // No claim about speed: only what never comes ends a test.
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
