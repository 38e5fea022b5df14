/**
 * The image of the daemon: built twice to the same bytes, listed, loaded by podman, and a network of one authority, one mix and one
 * provider run from it by the command of the unit for containers. As root, with Debian's podman and systemd.
 */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fetchLibraries, IMAGE_USER } from "../../build/provider-image.ts";
import { type ContainerMachine, containerMachine, IMAGE, UNIT } from "#test/support/container-machine.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { makePackedNetwork } from "#test/support/packed-network.ts";

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test("the image of the daemon is what it says, and a network runs in containers of it", async (t) => {
  const folder = temporary(t);
  const libraries = join(folder, "libraries");
  fetchLibraries(libraries);
  const [archive, digest] = build(join(folder, "one"), "--image");

  await t.test("the same sources and libraries make the same bytes", () => {
    const [again, same] = build(join(folder, "two"), "--image", "--libraries", libraries);
    assert.equal(digestOf(again), digestOf(archive));
    assert.equal(same, digest);
  });

  await t.test(
    "it holds the daemon as the package does, C's libraries, no shell, and nothing that is another's to write",
    () => {
      const [deb] = build(join(folder, "deb"));
      const lines = filesOf(archive, join(folder, "layout"));
      const paths = lines.map((line) => line.replace(/^.{11}\S+ +\d+ \S+ \S+ /, "").replace(/ -> .*/, ""));
      const packed = command("dpkg-deb", ["--contents", deb]).trim().split("\n");
      assert.deepEqual(
        paths.filter(isDaemon).toSorted(),
        packed
          .map((line) => line.slice(line.indexOf(" ./") + 3))
          .filter(isDaemon)
          .toSorted(),
      );
      const rest = paths.filter((path) => !isDaemon(path) && !path.endsWith("/"));
      for (const path of rest) assert.match(path, OTHERS);
      assert.deepEqual(
        lines
          .filter((line) => !/^(?:[-d][rwx-]{2}[x-]r-[x-]r-[x-]|lrwxrwxrwx) 0\/0 /.test(line))
          .map((line) => line.replace(/ +\d+ \S+ \S+ /, " ")),
        ["drwx------ 65532/65532 etc/starling/", "drwxrwxrwt 0/0 tmp/", "drwx------ 65532/65532 var/lib/starling/"],
      );
    },
  );

  await t.test("the unit is one that systemd understands", () => {
    const unit = join(folder, "starling-container@mix.service");
    writeFileSync(unit, readFileSync(UNIT));
    const verified = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
    assert.deepEqual([verified.status, verified.stderr], [0, ""]);
  });

  const on = await containerMachine(t, { folder, archive });
  await t.test(
    "podman loads it under its digest, for a user who is not root, without volumes that nobody named",
    () => {
      const [what] = JSON.parse(on.podman.ok("inspect", IMAGE)) as [
        { Digest: string; User: string; Config: { Volumes?: object } },
      ];
      assert.deepEqual(
        [what.Digest, what.User, what.Config.Volumes],
        [digest, `${IMAGE_USER}:${IMAGE_USER}`, undefined],
      );
    },
  );

  await t.test(
    "by the unit's command a network on one machine comes up, says how it is, and ends when asked",
    async (its) => {
      await makeNetwork(on);
      const [authority, mix, provider] = (["authority", "mix", "provider"] as const).map((name) => on.start(its, name));
      assert.ok(authority && mix && provider);
      for (const daemon of [authority, mix, provider]) await daemon.says(/^\{"ready":true/m);
      await authority.says(/ consensus epoch=\d+ signatures=1 mixes=1 providers=1/);

      for (const name of ["authority", "mix", "provider"]) {
        // Its figures are of the minute before.
        const told = await on.status(name, /list of epoch \d+: 1 mix, 1 provider, 1 signature/);
        assert.match(told, /\n\nStarlingLayerSmall: [^]*$/);
        assert.equal(told.match(/^Starling/gm)?.length, 1, told);
      }
      assert.equal(on.podman.run("healthcheck", "run", "starling-mix").status, 1, "it is not well, as status says");
      assert.match(
        on.podman.ok("exec", "starling-provider", "starling-provider", "invite", "provider.json"),
        /^starling:1:/,
      );

      const service = on.children("provider")[0];
      assert.ok(service !== undefined);
      process.kill(service.pid, "SIGKILL");
      await provider.says(/the service same ended; it is begun again/);
      assert.deepEqual(
        on.children("provider").filter(({ state }) => state.startsWith("Z")),
        [],
        "it was reaped",
      );

      const keys = on.keyFiles("mix");
      assert.ok(keys.length > 0);
      process.kill(on.pidOf("mix"), "SIGKILL");
      assert.equal(await mix.ended, 137);
      const again = on.start(its, "mix");
      await again.says(/^\{"ready":true/m);
      const kept = on.keyFiles("mix");
      assert.deepEqual(
        keys.filter((each) => !kept.includes(each)),
        [],
        "the keys of before the crash are there",
      );

      for (const daemon of [provider, again, authority]) assert.equal(await daemon.ends("SIGTERM"), 0);
    },
  );

  await t.test("it writes to the folders that it was given alone", async (its) => {
    const daemon = on.start(its, "mix", (options) => options.filter((each) => !each.startsWith("--read-only")));
    await daemon.says(/^\{"ready":true/m);
    // podman's own: the folders in which it mounts the three, and those above them.
    const written = on.podman.ok("diff", "starling-mix").trim().split("\n");
    const places = ["C /etc", "A /run/starling", "A /run/starling/mix", "C /var", "C /var/lib", "C /var/lib/starling"];
    assert.deepEqual(written.toSorted(), [...places, "A /var/lib/starling/mix"].toSorted());
    assert.equal(await daemon.ends("SIGTERM"), 0);
  });

  await t.test("asked to end while it starts, it ends at once", async (its) => {
    writeFileSync(join(on.configuration, "same.mjs"), SLOW_SERVICE);
    const daemon = on.start(its, "provider");
    await daemon.says(/^beginning$/m);
    assert.equal(await daemon.ends("SIGTERM"), 0, daemon.text);
    assert.doesNotMatch(daemon.text, /does not start/);
  });
});

const SLOW_SERVICE = `export const createService = () => {
  console.log("beginning");
  return new Promise(() => undefined);
};`;

/** Keys, network file and configurations of an authority, a mix and a provider with a service of its own. */
async function makeNetwork(on: ContainerMachine): Promise<void> {
  const ports = await freePorts(6);
  const [authority, mix, provider, ...metrics] = ports.map((port) => `127.0.0.1:${port}`);
  const ids = makePackedNetwork({
    run: on.run,
    secondsAhead: 45,
    address: authority as string,
    nodes: ["mix", "provider"],
  });
  on.configure("authority", {
    role: "authority",
    listen: authority,
    dataDirectory: "/var/lib/starling/authority",
    metricsListen: metrics[0],
    admit: [{ nodeId: ids.get("mix") }, { nodeId: ids.get("provider"), domain: "mail.example" }],
  });
  on.configure("mix", { ...node("mix"), listen: mix, metricsListen: metrics[1] });
  on.configure("provider", {
    ...node("provider"),
    listen: provider,
    metricsListen: metrics[2],
    domain: "mail.example",
    database: "/var/lib/starling/provider/provider.sqlite",
    signUp: { policy: "invite" },
    services: [{ name: "same", module: "same.mjs" }],
  });
  writeFileSync(
    join(on.configuration, "same.mjs"),
    "export const createService = () => ({ answer: async (asked) => asked });",
  );
}

/** Besides the daemon: what a program that knows images, and the C library, look for. */
const OTHERS =
  /^(?:lib|lib64|usr\/bin\/starling-provider|usr\/lib(?:64)?\/(?:[a-z0-9_]+-linux-gnu\/)?[^/]+\.so[.\d]*|usr\/lib\/os-release|usr\/share\/doc\/[^/]+(?:\/copyright)?|etc\/(?:passwd|group|nsswitch\.conf|os-release)|var\/lib\/dpkg\/status\.d\/[^/]+)$/;

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "starling-image-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

function build(out: string, ...options: string[]): [file: string, digest: string] {
  const args = [
    "--disable-warning=ExperimentalWarning",
    file("build/provider-package.ts"),
    "--fast",
    "--out",
    out,
    ...options,
  ];
  // Of one time: somebody may commit meanwhile.
  const env = { ...process.env, SOURCE_DATE_EPOCH: "1800000000" };
  const [made = "", digest = ""] = execFileSync(process.execPath, args, { encoding: "utf8", env }).split("\n");
  assert.deepEqual(
    readdirSync(out).map((name) => join(out, name)),
    [made],
  );
  return [made, digest];
}

const digestOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

/** tar's lines on everything in the layers. */
function filesOf(archive: string, layout: string): string[] {
  mkdirSync(layout);
  command("tar", ["-xf", archive, "-C", layout]);
  const json = (path: string) => JSON.parse(readFileSync(join(layout, path), "utf8")) as never;
  const { manifests } = json("index.json") as { manifests: { digest: string }[] };
  const { layers } = json(blob(manifests[0]?.digest ?? "")) as { layers: { digest: string }[] };
  const lines = layers.map(({ digest }) => command("tar", ["--numeric-owner", "-tvzf", join(layout, blob(digest))]));
  return lines.join("").trim().split("\n");
}

/** Standard output; throws with what it said when it fails. */
function command(name: string, args: readonly string[]): string {
  return execFileSync(name, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 2 ** 26 });
}

const node = (name: string) => ({ role: name, operator: `The ${name}`, memoryDirectory: `/run/starling/${name}` });

const isDaemon = (path: string): boolean => /^usr\/(?:lib|share\/doc)\/starling/.test(path);

const blob = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
