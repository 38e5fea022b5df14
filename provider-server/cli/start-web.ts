/** A provider's web link, if its configuration asks for one. Spec: docs/spec/15-web-link.md §6 */

import { readFileSync } from "node:fs";
import type { Clock } from "#transport/core/clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import type { FrameSizes } from "#transport/link/frame-table.ts";
import { WebListener } from "#transport/link/web-listener.ts";
import { ServerError } from "../errors.ts";
import type { ProviderConfig } from "./config.ts";
import { parseListenAddress } from "./listen-address.ts";

export interface WebStart {
  readonly clock: Clock;
  readonly suite: Suite;
  readonly network: Network;
  readonly sizes: FrameSizes;
  readonly linkSeed: Uint8Array;
}

/** Undefined where no key asks for it. Throws CONFIG with the sentence, or the system's error when the address cannot be bound. */
export async function startWeb(config: ProviderConfig, o: WebStart): Promise<WebListener | undefined> {
  const { webListen } = config;
  if (webListen === undefined) return undefined;
  const { listen, url, origins, certificate, privateKey, behindProxy = false } = webListen;
  const { host, port } = parseListenAddress(listen);
  if ((certificate === undefined) !== (privateKey === undefined)) {
    throw new ServerError("CONFIG", "webListen: expected certificate and privateKey, or neither.");
  }
  // In clear only to a proxy on this machine: whoever reads along on a network would see who is whose customer.
  if (certificate === undefined && !LOOPBACK.has(host)) {
    throw new ServerError("CONFIG", "webListen.listen: expected 127.0.0.1 or [::1] where there is no certificate.");
  }
  const tls =
    certificate === undefined || privateKey === undefined
      ? {}
      : { tls: { certificate: read("certificate", certificate), privateKey: read("privateKey", privateKey) } };
  try {
    return await WebListener.listen({
      ...tls,
      host,
      port,
      url,
      origins,
      isProxied: behindProxy,
      identitySeed: o.linkSeed,
      networkHash: o.network.hash,
      suite: o.suite,
      random: new SystemRandom(),
      sizes: o.sizes,
      clock: o.clock,
    });
  } catch (error) {
    if (error instanceof TransportError) throw new ServerError("CONFIG", "webListen.url: expected wss://host/path.");
    if (error instanceof Error && "code" in error && String(error.code).startsWith("ERR_OSSL")) {
      throw new ServerError("CONFIG", "webListen: expected a certificate and its private key in PEM.");
    }
    throw error;
  }
}

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

function read(key: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new ServerError("CONFIG", `webListen.${key}: expected ${file} to be a file that can be read.`);
  }
}
