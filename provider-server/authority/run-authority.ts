/** An authority on the network: TLS in front, the other authorities behind. Spec: docs/spec/08-directory.md §11 */

import { equalBytes } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import type { RandomSource } from "#transport/core/random.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { networkHashIn } from "#transport/directory/consensus.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import type { Network } from "#transport/directory/model.ts";
import { FRAME_TYPES, type FrameTable } from "#transport/link/frame-table.ts";
import type { PeerIdentity } from "#transport/link/link.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";
import { ServerError } from "../errors.ts";
import type { Gauges } from "../observe/figures.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Admission, type AdmittedNode } from "./admission.ts";
import { Authority } from "./authority.ts";
import { FileAuthorityStore } from "./authority-store.ts";
import { dnsLookup } from "./dns-lookup.ts";
import { DomainChecks } from "./domain-checks.ts";
import { AUTHORITY_HANDSHAKES_MAX, AUTHORITY_LINKS_MAX } from "./limits.ts";
import { LinkRoom, type RoomLimits, senderOf } from "./link-room.ts";
import type { Peers } from "./messages.ts";
import { NO_PACKETS, serveLink } from "./serve-link.ts";

export interface AuthorityOptions {
  readonly network: Network;
  readonly keys: AuthorityKeys;
  readonly admitted: readonly AdmittedNode[];
  /** Where votes, signatures, descriptors and consensuses are kept. */
  readonly stateDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly suite: Suite;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  /** Figures for whoever runs it. */
  readonly metrics?: Metrics | undefined;
  /** Where to ask for domains that the operator does not vouch for (domain-checks.ts): IP address and port of each. */
  readonly dnsServers?: readonly string[] | undefined;
  /** Links at once that are not authorities', and what waits on them, where that is not what limits.ts says. */
  readonly room?: Partial<RoomLimits>;
}

/** Two seeds of 32 bytes: of the identity key (Ed25519 and ML-DSA-65), which signs, and of the TLS certificate's. */
export interface AuthorityKeys {
  readonly identitySeed: Uint8Array;
  readonly linkSeed: Uint8Array;
}

export interface RunningAuthority {
  /** host:port as bound. */
  readonly address: string;
  readonly gauges: Gauges;
  close(): Promise<void>;
}

/** Throws ServerError CONFIG when the keys are of no authority of the network, or the directory holds another network's state. */
export async function runAuthority(o: AuthorityOptions): Promise<RunningAuthority> {
  const { network, keys, suite, clock, log } = o;
  const self = positionOf(o);
  const dialer = new TlsDialer({ identitySeed: keys.linkSeed, suite, sizes: NO_PACKETS, clock });
  const client = new DirectoryClient({ dialer, network, suite, clock, random: o.random });
  const store = new FileAuthorityStore(o.stateDirectory);
  assertOwnState(store, o);
  const domains =
    o.dnsServers === undefined
      ? undefined
      : new DomainChecks({ lookup: dnsLookup({ servers: o.dnsServers, clock }), clock, random: o.random, store, log });
  const authority = new Authority({
    network,
    self,
    identitySeed: keys.identitySeed,
    suite,
    clock,
    store,
    admission: new Admission(o.admitted, domains),
    peers: peersThrough(client, network),
    log,
    metrics: o.metrics,
  });
  const listener = await TlsListener.listen({
    identitySeed: keys.linkSeed,
    suite,
    sizes: NO_PACKETS,
    clock,
    host: o.host,
    port: o.port,
    protocols: ["starling-directory/2"],
    incoming: (peer, table) => allowed(network, peer, table),
    onRefused: (reason) => log.event(`refused a connection: ${reason}`),
    handshakesMax: AUTHORITY_HANDSHAKES_MAX,
    linksMax: AUTHORITY_LINKS_MAX,
  }).catch((error: unknown) => {
    // What it asks the DNS again and again would keep a daemon that cannot start.
    domains?.stop();
    throw error;
  });
  const room = new LinkRoom({ network, clock, isNode: (linkKey) => authority.isNode(linkKey), limits: o.room });
  listener.onLink((link) => serveLink(link, { authority, room, log }));
  authority.start();
  return {
    address: listener.address,
    get gauges() {
      return authority.gauges;
    },
    close: async () => {
      domains?.stop();
      authority.stop();
      await listener.close();
    },
  };
}

export function generateAuthorityKeys(random: RandomSource): AuthorityKeys {
  return { identitySeed: random.bytes(32), linkSeed: random.bytes(32) };
}

function positionOf(o: AuthorityOptions): number {
  const identityKey = o.suite.hybrid.publicKey(o.keys.identitySeed);
  const linkKey = linkKeyOf(o.suite, o.keys.linkSeed);
  const position = o.network.authorities.findIndex((authority) => equalBytes(authority.identityKey, identityKey));
  const entry = o.network.authorities[position];
  if (entry === undefined || !equalBytes(entry.linkKey, linkKey)) {
    throw new ServerError("CONFIG", "The key file's keys are not those of an authority in the network file.");
  }
  return position;
}

/** Epochs of two networks have the same numbers: what was signed in one would be held against this authority in the other. */
function assertOwnState(store: FileAuthorityStore, o: AuthorityOptions): void {
  const isOther = store.consensuses().some((bytes) => {
    const hash = networkHashIn(bytes);
    return hash !== undefined && !equalBytes(hash, o.network.hash);
  });
  if (!isOther) return;
  throw new ServerError(
    "CONFIG",
    `${o.stateDirectory}: it holds the lists of another network, or of one that was made by an earlier version. Nothing in it was changed. Name an empty directory as dataDirectory, and keep this one for the network it belongs to.`,
  );
}

function peersThrough(client: DirectoryClient, network: Network): Peers {
  const authorityAt = (position: number) => {
    const authority = network.authorities[position];
    if (authority === undefined) throw new RangeError("no such authority");
    return authority;
  };
  return {
    ask: (position, frame) => client.ask(authorityAt(position), frame),
    fetch: async (position, epoch, attempt) =>
      (await client.fetchFrom(authorityAt(position), epoch, attempt)).consensus,
  };
}

/** Votes are large: only authorities may make us hold one in memory. */
function allowed(network: Network, peer: PeerIdentity, table: FrameTable): FrameTable {
  if (senderOf(network, peer) !== "anyone") return table;
  return new Map([...table].filter(([type]) => type !== FRAME_TYPES.vote && type !== FRAME_TYPES.signature));
}
