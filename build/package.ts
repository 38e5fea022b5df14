/** `npm run package`: builds the desktop program and packs it for this platform into release/. `-- --dir` makes no installer. */

import { build } from "electron-builder";
import { argumentsOrExit } from "#transport/core/command-line.ts";
import { buildApp } from "./app.ts";
import { configuration } from "./electron-builder.ts";

const { values } = argumentsOrExit({
  args: process.argv.slice(2),
  usage: "Usage: npm run package [-- --dir]",
  options: { dir: { type: "boolean", default: false } },
});
await buildApp();
const files = await build({ config: configuration, dir: values.dir });
console.log(files.length > 0 ? files.join("\n") : "release/");
