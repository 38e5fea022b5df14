/** The npm packages that folders of the project need at run time: what their files import, and what those depend on. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * Sorted paths of the packages' folders, `node_modules/…`; one that lies within another's is copied with it. Throws for a
 * package that is imported and not in the lock file.
 */
export function packagesOf(root: string, folders: readonly string[]): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const found = new Set<string>();
  const add = (name: string, o: { from: string; isOptional: boolean }): void => {
    const at = placeOf(name, o.from, packages);
    if (at === undefined && o.isOptional) return;
    if (at === undefined) throw new Error(`${name} is not in package-lock.json`);
    if (found.has(at)) return;
    found.add(at);
    const { dependencies = {}, optionalDependencies = {} } = packages[at] as Locked;
    for (const other of Object.keys(dependencies)) add(other, { from: at, isOptional: false });
    for (const other of Object.keys(optionalDependencies)) add(other, { from: at, isOptional: true });
  };
  for (const folder of folders)
    for (const name of importedBy(join(root, folder))) add(name, { from: "", isOptional: false });
  return [...found].filter((path) => path.lastIndexOf("node_modules/") === 0).toSorted();
}

/** As Node looks for it: beside the package that wants it, then ever farther out. */
function placeOf(name: string, from: string, packages: Readonly<Record<string, Locked>>): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const path = at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (at === "") return undefined;
  }
}

/** `from "package/part"` and `import("package")`, built-ins and files of our own left out. */
function importedBy(folder: string): Set<string> {
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const names = sources.flatMap((name) =>
    [...readFileSync(join(folder, name), "utf8").matchAll(IMPORT)].map(([, scope = "", rest = ""]) => scope + rest),
  );
  return new Set(names);
}

const IMPORT = /(?:\bfrom |\bimport\()"(?!node:|#|\.)(@[^/"]+\/)?([^/"]+)[^"]*"/g;
