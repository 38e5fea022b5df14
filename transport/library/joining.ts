/**
 * Joining a network and using it: send, request, poll. The same for Node and browsers; what they differ in is a Platform.
 * Guide: docs/integrate.md
 */

import { equalBytes, toHex } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import type { SuiteName } from "../core/parameters.ts";
import { type RandomSource, type RandomStreams, systemStreams } from "../core/random.ts";
import { selfTest } from "../crypto/self-test.ts";
import type { Suite } from "../crypto/suite.ts";
import { TransportClient } from "../client/client.ts";
import { decodeInvite, type Invite } from "../directory/invite.ts";
import { fetchNetwork } from "../directory/fetch-network.ts";
import type { Network } from "../directory/model.ts";
import { decodeNetwork } from "../directory/network.ts";
import type { FrameSizes } from "../link/frame-table.ts";
import type { Dialer } from "../link/link.ts";
import { geometry } from "../sphinx/geometry.ts";
import { packetSelfTest } from "../sphinx/packet-self-test.ts";
import { Sphinx } from "../sphinx/sphinx.ts";
import { NetworkClient } from "./network-client.ts";
import type { Store } from "./store.ts";

export interface JoinOptions {
  /** The line that the provider's operator gave out: starling:1:… */
  readonly invite: string;
  /** Where keys, queue and messages are kept: `memoryStore`, `diskStore`, `indexedDbStore`. The client closes it. */
  readonly store: Store;
  /**
   * The part before the @ of the address that others write to: letters, digits, and `.`, `_`, `-` between them; used once,
   * when the account is opened. A random one unless given.
   */
  readonly name?: string;
}

/** What a runtime gives. */
export interface Platform {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly streams?: RandomStreams;
  suite(name: SuiteName): Promise<Suite>;
  dialer(o: { deviceSeed: Uint8Array; networkHash: Uint8Array; sizes: FrameSizes; suite: Suite }): Dialer;
}

/**
 * Opens an account at the invite's provider, or goes on with the one that the store holds, and begins to mix. From then on
 * packets leave at the network's pace, whether the application does anything or not, until `close`.
 *
 * Throws MALFORMED for what is no invite; REFUSED when the store belongs to another network or provider, or the provider does
 * not take us; PROVIDER_DOWN, CONSENSUS_FORGED, BAD_INVITE, NAME_TAKEN, TOO_MANY_NAMES, NAME_INVALID, CLOCK_WRONG,
 * CONSENSUS_SPLIT, the first time only: a client that has its account joins without a connection too, and connects when it can.
 */
export async function join(platform: Platform, options: JoinOptions): Promise<NetworkClient> {
  const { clock, random, streams = systemStreams(random) } = platform;
  const invite = decodeInvite(options.invite);
  const { store } = options;
  const { network, deviceSeed } = await membership(platform, { invite, store });
  const suite = await platform.suite(network.parameters.suite);
  selfTest(suite);
  const sizes = geometry(network.parameters);
  packetSelfTest(new Sphinx({ suite, geometry: sizes }), random);
  const client = new TransportClient({
    clock,
    streams,
    suite,
    network,
    dialer: platform.dialer({ deviceSeed, networkHash: network.hash, sizes, suite }),
    provider: { address: invite.address, linkKey: invite.linkKey },
    store,
  });
  // Before it starts: messages that nobody was done with are offered at once.
  const member = new NetworkClient({ client, clock, store });
  try {
    await client.start();
    if (client.account === undefined) {
      const localPart = options.name ?? `a${toHex(random.bytes(NAME_BYTES))}`;
      await client.signUp({ localPart, invite: invite.code, certificate: new Uint8Array(0) });
    }
  } catch (error) {
    await client.stop();
    throw error;
  }
  return member;
}

/** From the store, or anew: then it is in the store before anybody hears of the device. */
async function membership(
  platform: Platform,
  o: { invite: Invite; store: Store },
): Promise<{ network: Network; deviceSeed: Uint8Array }> {
  const { invite, store } = o;
  // What verifies a network's file is the same in every suite.
  const suite = await platform.suite("x25519");
  // Before its signatures are believed.
  selfTest(suite);
  const kept = await store.identity();
  if (kept !== undefined) {
    const network = decodeNetwork(kept.network, suite);
    if (!equalBytes(network.hash, invite.networkHash))
      throw new TransportError("REFUSED", "The store belongs to another network.");
    return { network, deviceSeed: kept.deviceSeed };
  }
  // A stranger's key: the file is the same for everyone.
  const dialer = platform.dialer({
    deviceSeed: platform.random.bytes(SEED_BYTES),
    networkHash: invite.networkHash,
    sizes: ANY_SIZES,
    suite,
  });
  const network = await fetchNetwork({ dialer, invite, suite, clock: platform.clock });
  const deviceSeed = platform.random.bytes(SEED_BYTES);
  await store.saveIdentity({ deviceSeed, network: network.bytes });
  return { network, deviceSeed };
}

const SEED_BYTES = 32;
/** 64 bits: nobody meets another's by chance. */
const NAME_BYTES = 8;
/** The frames that fetch a network's file do not depend on its packets, which are not known yet. */
const ANY_SIZES = geometry({ suite: "xwing", packetBytes: 28_672 });
