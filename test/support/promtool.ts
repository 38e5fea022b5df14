/** Prometheus's own checker of rules, from Debian's package of it, unpacked and not installed: no daemon of it is started. */

import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { downloadPackages } from "../../build/debian-archives.ts";

/** Puts it into a folder. Returns what calls it, with what it said and whether that was well. */
export function promtool(folder: string): (...args: string[]) => { readonly isWell: boolean; readonly said: string } {
  const [archive = ""] = downloadPackages(["prometheus"], join(folder, "packages"));
  const options = { cwd: folder, maxBuffer: 2 ** 28 };
  const files = execFileSync("dpkg-deb", ["--fsys-tarfile", archive], options);
  execFileSync("tar", ["-x", "./usr/bin/promtool"], { ...options, input: files });
  return (...args) => {
    const { status, stdout, stderr } = spawnSync(join(folder, "usr/bin/promtool"), args, {
      ...options,
      encoding: "utf8",
    });
    return { isWell: status === 0, said: `${stdout}${stderr}` };
  };
}
