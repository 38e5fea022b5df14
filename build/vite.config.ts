/** How the window's files are made: `vite build -c build/vite.config.ts` writes renderer/dist. */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const renderer = fileURLToPath(new URL("../renderer", import.meta.url));

export default defineConfig({
  root: renderer,
  // Relative, so that the same files work under http://127.0.0.1 and under Electron's own scheme.
  base: "./",
  publicDir: false,
  build: {
    outDir: `${renderer}/dist`,
    emptyOutDir: true,
    target: ["chrome140", "firefox143"],
    // Fonts stay files: the page's policy allows fonts from itself only.
    assetsInlineLimit: 0,
    // It would write an inline script's worth of code for browsers that need none.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1_500,
    // "use client" matters only to servers that render React.
    rolldownOptions: {
      onLog(level, log, pass) {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") pass(level, log);
      },
    },
  },
});
