/**
 * `npm run package:provider`: the daemon of authorities, mixes and providers as a Debian package, with the Node.js it runs under,
 * its unit, its user and its folders, into release/; or, with --image, as an image for containers. The same commit makes the same
 * bytes, of the image with the same libraries of Debian. docs/operating.md §1, §5
 *
 *   node build/provider-package.ts [--out FOLDER] [--fast] [--image [--libraries FOLDER]]
 */

import { execFileSync } from "node:child_process";
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argumentsOrExit } from "#transport/core/command-line.ts";
import { architecture, DOC, fillDaemon, LIB, ROOT, release, settle, write } from "./daemon-tree.ts";
import { buildImage } from "./provider-image.ts";
import { entries } from "./tar.ts";

function buildPackage(out: string, compression: readonly string[]): string {
  const machine = architecture();
  const { version, seconds } = release();
  const staging = mkdtempSync(join(tmpdir(), "starling-package-"));
  try {
    const tree = join(staging, "tree");
    fillDaemon(tree);
    fillForDebian(tree);
    writeControl(tree, { VERSION: version, ARCHITECTURE: machine, MAINTAINER: "Starling <nobody@invalid>" });
    settle(tree, seconds);
    mkdirSync(out, { recursive: true });
    const file = join(out, `starling-provider_${version}_${machine}.deb`);
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(seconds) };
    execFileSync("dpkg-deb", ["--root-owner-group", ...compression, "--build", tree, file], {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    return file;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function fillForDebian(tree: string): void {
  write(join(tree, "usr/bin/starling-provider"), ours("starling-provider"));
  write(join(tree, "usr/lib/sysusers.d/starling.conf"), ours("sysusers.conf"));
  write(join(tree, "usr/lib/tmpfiles.d/starling.conf"), ours("tmpfiles.conf"));
  write(join(tree, "usr/lib/systemd/system/starling@.service"), unit());
}

const ours = (name: string): string => readFileSync(join(ROOT, "build", "debian", name), "utf8");

/** As in build/units, with the package's paths. */
function unit(): string {
  const text = readFileSync(join(ROOT, "build", "units", "starling@.service"), "utf8");
  return text
    .replace("/opt/starling/node_modules/.bin/node", `/${LIB}/bin/node`)
    .replace("/opt/starling/docs/", `/${DOC}/`)
    .replaceAll("/opt/starling", `/${LIB}`);
}

function writeControl(tree: string, fields: Readonly<Record<string, string>>): void {
  const kib = Math.ceil(files(tree).reduce((sum, path) => sum + lstatSync(path).size, 0) / 1024);
  const control = Object.entries({ ...fields, KIB: String(kib) }).reduce(
    (text, [name, value]) => text.replace(`@${name}@`, value),
    readFileSync(join(ROOT, "build", "debian", "control"), "utf8"),
  );
  write(join(tree, "DEBIAN", "control"), control);
  for (const name of ["postinst", "prerm", "postrm"]) {
    cpSync(join(ROOT, "build", "debian", name), join(tree, "DEBIAN", name));
  }
}

const files = (folder: string): string[] => entries(folder).filter((path) => lstatSync(path).isFile());

const { values } = argumentsOrExit({
  args: process.argv.slice(2),
  usage: "Usage: npm run package:provider [-- [--out FOLDER] [--fast] [--image] [--libraries FOLDER]]",
  options: {
    out: { type: "string", default: join(ROOT, "release") },
    fast: { type: "boolean", default: false },
    image: { type: "boolean", default: false },
    libraries: { type: "string" },
  },
});
const { out, libraries } = values;
if (values.image) {
  const { file, digest } = buildImage({ out, libraries, level: values.fast ? 1 : 9 });
  process.stdout.write(`${file}\n${digest}\n`);
} else {
  process.stdout.write(`${buildPackage(out, values.fast ? ["-Zgzip", "-z1"] : ["-Zxz"])}\n`);
}
