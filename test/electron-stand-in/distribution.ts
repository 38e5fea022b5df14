/** A folder that the packager takes for Electron's own distribution, and that runs the stand-in. */

import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPackage } from "@electron/asar";

/** Where Electron keeps its switches: the packager finds them in the binary by these words and sets them. */
const FUSE_SENTINEL = "dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX";
/** Version 1 of the list, nine switches, as Electron ships them. */
const FUSES = "\u0001\u0009101111100";

export async function writeDistribution(folder: string, version: string): Promise<void> {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const launcher = readFileSync(join(here, "electron"), "utf8")
    .replace("#!/bin/sh", `#!/bin/sh\n# ${FUSE_SENTINEL}${FUSES}`)
    // The packager moves the launcher; what it launches stays where it is.
    .replace(
      /^here=.*$/m,
      `here="${here}"\nSTAND_IN_RESOURCES="$(dirname "$(readlink -f "$0")")/resources"\nexport STAND_IN_RESOURCES`,
    );
  const empty = join(folder, "default_app");
  mkdirSync(empty, { recursive: true });
  writeFileSync(join(empty, "package.json"), "{}");
  mkdirSync(join(folder, "resources"));
  await createPackage(empty, join(folder, "resources", "default_app.asar"));
  writeFileSync(join(folder, "electron"), launcher, { mode: 0o755 });
  writeFileSync(join(folder, "version"), version);
  cpSync(fileURLToPath(new URL("../../LICENSE", import.meta.url)), join(folder, "LICENSE"));
  writeFileSync(join(folder, "LICENSES.chromium.html"), "");
}
