/**
 * What the tests need of the machine besides npm, from Debian: a browser, GnuPG, fonts, a DNS resolver, a model checker with
 * the compiler that it calls, Python for an example in another language; the long tests podman for the image.
 */

import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

const PACKAGES = "chromium gnupg fonts-noto-core fonts-noto-color-emoji unbound python3 spin gcc libc6-dev".split(" ");
/** The long tests run the daemon's image besides. */
const SLOW_PACKAGES = "podman crun".split(" ");

/** Debian asks this file before it starts a service; 101 means no. */
const POLICY_FILE = "/usr/sbin/policy-rc.d";

/** Installs what is missing. Returns why it could not, or undefined. Starts no service. */
export function installDebianPackages(tests: "small" | "slow"): string | undefined {
  const missing = [...PACKAGES, ...(tests === "slow" ? SLOW_PACKAGES : [])].filter((name) => !installed(name));
  if (missing.length === 0) return undefined;
  const command = `apt-get install --no-install-recommends -y ${missing.join(" ")}`;
  if (spawnSync("apt-get", ["--version"]).error) {
    return `The tests need ${missing.join(", ")} (Debian's names): install them and try again.`;
  }
  if (process.getuid?.() !== 0) return `The tests need some packages of Debian: run \`sudo ${command}\` once.`;

  console.error(`Installing Debian packages: ${missing.join(", ")} ...`);
  const ownPolicy = !existsSync(POLICY_FILE);
  if (ownPolicy) writeFileSync(POLICY_FILE, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    for (const line of ["apt-get update", command]) {
      const [program = "", ...args] = line.split(" ");
      const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: "utf8" });
      if (status !== 0) return `\`${line}\` failed:\n${stdout.slice(-2000)}${stderr.slice(-2000)}`;
    }
  } finally {
    if (ownPolicy) rmSync(POLICY_FILE);
  }
  return undefined;
}

function installed(name: string): boolean {
  const { status, stdout } = spawnSync("dpkg-query", ["-W", "-f=${db:Status-Status}", name], { encoding: "utf8" });
  return status === 0 && stdout === "installed";
}
