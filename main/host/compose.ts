/**
 * The composition both hosts share: the machine's clock, randomness, sockets and disk, put into the program. Nothing else
 * in `main` reads the machine.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ClientObserver,
  fetchNetwork,
  geometry,
  loadSuite,
  SystemClock,
  SystemRandom,
  systemStreams,
  testedSuites,
  TlsDialer,
  TransportClient,
} from "#transport";
import { createServices, type Services } from "../services.ts";
import { type Keyring, PassphraseKeyring } from "../store/key-file.ts";
import { createWeb, type Web } from "./web.ts";

export type { Keyring };

export interface ComposeOptions {
  readonly dataDir: string;
  /** A host with an operating system's keychain adds it to the passphrase, which Argon2id stretches with 256 MiB. */
  readonly keyring?: (passphrase: Keyring) => Keyring;
  /** `live` in packaged programs (docs/architecture.md). */
  readonly networks?: "any" | "live";
  /** For tests and the demo. */
  readonly observer?: ClientObserver;
  /** The built page; next to the program by default. */
  readonly pageDir?: string;
  /** Hears of bugs. The text names no person and no secret. */
  readonly report?: (error: unknown) => void;
}

export interface Composition {
  readonly services: Services;
  readonly web: Web;
  close(): Promise<void>;
}

export function compose(o: ComposeOptions): Composition {
  const clock = new SystemClock();
  const random = new SystemRandom();
  // A size has to be named before the network is known; the frames that fetch its file do not depend on it.
  const unknownSizes = geometry({ suite: "xwing", packetBytes: 28_672 });
  const services = createServices({
    clock,
    random,
    streams: systemStreams(random),
    dataDir: o.dataDir,
    keyring: (o.keyring ?? ((passphrase) => passphrase))(new PassphraseKeyring(random)),
    networks: o.networks ?? "any",
    observer: o.observer,
    report: o.report ?? (() => {}),
    version: VERSION,
    transport: {
      suite: testedSuites({ load: (name) => loadSuite(name, "native"), random }),
      dialer: ({ identitySeed, network, suite }) =>
        new TlsDialer({
          identitySeed,
          suite,
          clock,
          sizes: network === undefined ? unknownSizes : geometry(network.parameters),
        }),
      fetchNetwork,
      client: (options) => new TransportClient(options),
    },
  });
  const web = createWeb({ files: services.files, pageDir: o.pageDir ?? PAGE_DIR });
  return { services, web, close: () => services.close() };
}

const PAGE_DIR = join(fileURLToPath(new URL("../..", import.meta.url)), "renderer", "dist");
const VERSION = "0.1.0";
