/** A provider's web link and own services in its configuration: what is refused, with which sentence. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ProviderConfig, readConfig } from "#provider-server/cli/config.ts";
import { startWeb } from "#provider-server/cli/start-web.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { SIZES, seed, suite } from "#test/support/web-links.ts";
import { SystemClock } from "#transport/core/system-clock.ts";

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
