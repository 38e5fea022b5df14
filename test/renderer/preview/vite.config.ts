/** Builds the preview into test/renderer/preview/dist: `vite build -c test/renderer/preview/vite.config.ts`. */

import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vite";
import shipped from "../../../build/vite.config.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

export default mergeConfig(shipped, defineConfig({ root: here, build: { outDir: `${here}dist` } }));
