/** `npm run package`: builds the desktop program and packs it for this platform into release/. `-- --dir` makes no installer. */

import { build } from "electron-builder";
import { buildApp } from "./app.ts";
import { configuration } from "./electron-builder.ts";

await buildApp();
const files = await build({ config: configuration, dir: process.argv.includes("--dir") });
console.log(files.length > 0 ? files.join("\n") : "release/");
