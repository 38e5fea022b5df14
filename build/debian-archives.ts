/** Debian packages as files, fetched and unpacked without being installed: no script of theirs runs, no service starts. */

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Fetches packages of Debian's names into a folder; apt checks whose they are. Returns their paths, sorted. Throws with what apt
 * said when one cannot be had.
 */
export function downloadPackages(names: readonly string[], folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  // Called by root, apt fetches as a user of its own.
  chmodSync(folder, 0o755);
  const fetched = (): boolean => apt(folder, ["download", ...names]) === "";
  // Lists that are missing or old: only root may have new ones fetched.
  if (!fetched()) {
    const updated = process.getuid?.() === 0 ? apt(folder, ["update"]) : "";
    const said = updated || apt(folder, ["download", ...names]);
    if (said !== "")
      throw new Error(`apt-get could not fetch ${names.join(", ")}: call \`apt-get update\` as root.\n${said}`);
  }
  return archivesIn(folder);
}

/** Sorted paths of the packages in a folder. */
export function archivesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".deb"));
  return names.toSorted().map((name) => join(folder, name));
}

/** Control fields of a package, as it has them. */
export const controlOf = (archive: string): string =>
  execFileSync("dpkg-deb", ["--field", archive], { encoding: "utf8" });

/** One of its fields; empty when it has none of that name. */
export const fieldOf = (archive: string, name: string): string =>
  execFileSync("dpkg-deb", ["--field", archive, name], { encoding: "utf8" }).trim();

export function unpackArchive(archive: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync("dpkg-deb", ["--extract", archive, folder]);
}

/** What it said when it failed, or nothing. */
function apt(folder: string, args: readonly string[]): string {
  const { status, error, stderr } = spawnSync("apt-get", ["--quiet", ...args], { cwd: folder, encoding: "utf8" });
  return status === 0 ? "" : (error?.message ?? stderr.slice(-2000) ?? "it ended");
}
