/** A provider's web link, if its configuration asks for one. Spec: docs/spec/15-web-link.md §6 */

import type { Clock } from "#transport/core/clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import type { FrameSizes } from "#transport/link/frame-table.ts";
import type { Listener } from "#transport/link/link.ts";
import { WebListener } from "#transport/link/web-listener.ts";
import { ServerError } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import type { ProviderConfig } from "./config.ts";
import { parseListenAddress } from "./listen-address.ts";
import { keepWebCertificate, readWebCertificate } from "./web-certificate.ts";

export interface WebStart {
  readonly clock: Clock;
  readonly log: Log;
  readonly suite: Suite;
  readonly network: Network;
  readonly sizes: FrameSizes;
  readonly linkSeed: Uint8Array;
}

export interface WebDoor extends Listener {
  /** What clients dial. */
  readonly url: string;
}

/** Undefined where no key asks for it. Throws CONFIG with the sentence, or the system's error when the address cannot be bound. */
export async function startWeb(config: ProviderConfig, o: WebStart): Promise<WebDoor | undefined> {
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
  const files = certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey };
  const tls = files && readWebCertificate(files);
  try {
    const listener = await WebListener.listen({
      ...(tls === undefined ? {} : { tls }),
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
    if (files === undefined || tls === undefined) return listener;
    const use = (found: typeof tls): void => listener.renew(found);
    const cancel = keepWebCertificate({ files, inUse: tls, use, clock: o.clock, log: o.log });
    return {
      address: listener.address,
      url: listener.url,
      onLink: (handler) => listener.onLink(handler),
      close() {
        cancel();
        return listener.close();
      },
    };
  } catch (error) {
    if (error instanceof TransportError) throw new ServerError("CONFIG", "webListen.url: expected wss://host/path.");
    if (error instanceof Error && "code" in error && String(error.code).startsWith("ERR_OSSL")) {
      throw new ServerError("CONFIG", "webListen: expected a certificate and its private key in PEM.");
    }
    throw error;
  }
}

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);
