/** A provider's web link and own services in its configuration: what is refused, with which sentence. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { type TestContext, test } from "node:test";
import { type ProviderConfig, readConfig } from "#provider-server/cli/config.ts";
import { startWeb } from "#provider-server/cli/start-web.ts";
import { Log } from "#provider-server/observe/log.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { SIZES, seed, suite } from "#test/support/web-links.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { seconds } from "#transport/core/units.ts";
import { createLinkCertificate } from "#transport/link/certificate.ts";

const web = { listen: "127.0.0.1:0", url: "ws://127.0.0.1:1/starling", origins: ["https://app.example"] };

function read(t: TestContext, extra: object): ProviderConfig {
  const folder = mkdtempSync(join(tmpdir(), "starling-config-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const provider = {
    role: "provider",
    networkFile: "network",
    keyFile: "key",
    listen: "127.0.0.1:1",
    operator: "One",
    domain: "a.example",
    database: "db",
    signUp: { policy: "open" },
  };
  writeFileSync(join(folder, "p.json"), JSON.stringify({ ...provider, ...extra }));
  const config = readConfig(join(folder, "p.json"));
  assert.equal(config.role, "provider");
  return config;
}

test("without a word about it a provider has no web link and no services of its own", (t) => {
  const config = read(t, {});
  assert.deepEqual([config.webListen, config.services], [undefined, undefined]);
});

test("paths of modules and certificates are relative to the configuration", (t) => {
  const config = read(t, {
    services: [{ name: "survey", module: "survey.ts", options: { choices: ["yes"] } }],
    webListen: { ...web, certificate: "cert.pem", privateKey: "key.pem" },
  });
  assert.match(config.services?.[0]?.module ?? "", /^\/.*\/survey\.ts$/);
  assert.match(config.webListen?.certificate ?? "", /^\/.*\/cert\.pem$/);
});

test("what is wrong with it is said in one sentence", (t) => {
  const service = { name: "survey", module: "m.ts" };
  for (const [extra, sentence] of [
    [{ services: [{ ...service, name: "keys" }] }, /services\.0\.name: expected a name of up to 32 small letters/],
    [{ services: [{ ...service, name: "Survey" }] }, /services\.0\.name: expected a name/],
    [{ services: [service, service] }, /services: expected each name once/],
    [
      { services: Array.from({ length: 17 }, (_, i) => ({ ...service, name: `s${i}` })) },
      /expected at most 16 services/,
    ],
    [
      { services: [{ ...service, shell: true }] },
      /services\.0\.shell: there is no such key; expected name, module, options/,
    ],
    [{ webListen: { ...web, url: "ws://a.example/x" } }, /webListen\.url: expected wss:\/\/host\/path/],
    [{ webListen: { ...web, origins: [] } }, /webListen\.origins: expected at least one origin/],
    [{ webListen: { ...web, origins: ["*"] } }, /webListen\.origins\.0: expected an origin such as/],
    [{ webListen: { ...web, origins: ["https://app.example/"] } }, /webListen\.origins\.0: expected an origin/],
    [{ webListen: { listen: "127.0.0.1:0", origins: web.origins } }, /webListen\.url: expected wss/],
  ] as const) {
    assert.throws(
      () => read(t, extra),
      (error: Error) => sentence.test(error.message),
      String(sentence),
    );
  }
});

test("a web link without a certificate listens on this machine only, and with half of one not at all", async (t) => {
  const base = {
    clock: new SystemClock(),
    log: new Log({ clock: new SystemClock(), sink: () => assert.fail("nothing to say") }),
    suite,
    network: testNetwork({ suite }).network,
    sizes: SIZES,
    linkSeed: seed(1),
  };
  const refused = (webListen: object, sentence: RegExp) =>
    assert.rejects(startWeb(read(t, { webListen: { ...web, ...webListen } }), base), (error: Error) => {
      assert.match(error.message, sentence);
      return "code" in error && error.code === "CONFIG";
    });
  await refused({ listen: "0.0.0.0:0" }, /webListen\.listen: expected 127\.0\.0\.1 or \[::1\]/);
  await refused({ certificate: "c.pem" }, /expected certificate and privateKey, or neither/);
  await refused(
    { certificate: "c.pem", privateKey: "k.pem" },
    /webListen\.certificate: expected .*c\.pem to be a file/,
  );
  const config = read(t, { webListen: { ...web, certificate: "p.json", privateKey: "p.json" } });
  await assert.rejects(startWeb(config, base), /expected a certificate and its private key in PEM/);
  const listener = await startWeb(read(t, { webListen: web }), base);
  assert.match(listener?.address ?? "", /^127\.0\.0\.1:\d+$/);
  await listener?.close();
  assert.equal(await startWeb(read(t, {}), base), undefined);
});

test("a certificate that is renewed is shown within a minute, and one that cannot be used leaves the old one", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-certificate-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [certificate, privateKey] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const pairs = [1, 2, 3].map((value) => createLinkCertificate(seed(value)));
  const writeCertificate = (of: number) => writeFileSync(certificate, pairs[of]?.certificatePem ?? "");
  const writeKey = (of: number) =>
    writeFileSync(privateKey, pairs[of]?.privateKey.export({ type: "pkcs8", format: "pem" }) ?? "");
  writeCertificate(0);
  writeKey(0);
  const lines: string[] = [];
  const clock = new VirtualClock();
  const door = await startWeb(read(t, { webListen: { ...web, certificate, privateKey } }), {
    clock,
    log: new Log({ clock, sink: (line) => lines.push(line) }),
    suite,
    network: testNetwork({ suite }).network,
    sizes: SIZES,
    linkSeed: seed(1),
  });
  assert.ok(door !== undefined);
  t.after(() => door.close());
  const shown = async (): Promise<number> => {
    await clock.runFor(seconds(61));
    const raw = await shownBy(Number(door.address.split(":").at(-1)));
    return pairs.findIndex(({ certificatePem }) => new X509Certificate(certificatePem).raw.equals(raw));
  };
  assert.equal(await shown(), 0);
  writeCertificate(1); // and its key a moment later
  assert.equal(await shown(), 0);
  assert.equal(await shown(), 0);
  writeKey(1);
  assert.equal(await shown(), 1);
  rmSync(certificate);
  assert.equal(await shown(), 1);
  writeCertificate(2);
  writeKey(2);
  assert.equal(await shown(), 2);
  const told = lines.map((line) => line.replace(folder, "FOLDER"));
  assert.match(told[0] ?? "", /^the new web certificate cannot be used, the old one stays: .*mismatch/);
  assert.match(told[2] ?? "", /the old one stays: webListen\.certificate: expected FOLDER\/cert\.pem to be a file/);
  const changed = "the web certificate has changed: new links are given the new one";
  assert.deepEqual([told[1], told[3], told.length], [changed, changed, 4]);
});

/** The certificate that a listener shows. */
function shownBy(port: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().raw);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
