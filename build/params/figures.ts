/** What follows from a set of parameters, in numbers. Spec: docs/spec/11-parameters.md */

import { PLACE_BYTES } from "#transport/box/place.ts";
import type { Parameters, Profile, ProfileName, SuiteName } from "#transport/core/parameters.ts";
import { epochNumber, type Milliseconds, milliseconds, REPLAY_TAG_BYTES } from "#transport/core/units.ts";
import { keyPeriodLength, keyPeriodsAnnounced } from "#transport/directory/epochs.ts";
import { fragmentDataBytes } from "#transport/fragment/fragment.ts";
import { fragmentCount } from "#transport/fragment/split.ts";
import { entryFrameBytes, FRAME_TYPE_BYTES, POLL_FRAME_BYTES, sendFrameBytes } from "#transport/link/frame-table.ts";
import { type Geometry, geometry } from "#transport/sphinx/geometry.ts";
import { decoyRate, poolOf } from "#transport/traffic/minimum-pool.ts";
import { type AuthorityLine, authorityLine } from "./authority-line.ts";
import { boxRepliesPerSecond, erlangQuantile, type Latency, MIXES, packetLatency } from "./latency.ts";

export interface Figures {
  readonly geometry: Geometry;
  readonly fragmentDataBytes: number;
  readonly profiles: Readonly<Record<ProfileName, ProfileFigures>>;
  readonly path: PathFigures;
  readonly mix: MixFigures;
  readonly network: NetworkFigures;
  /** Of the two that docs/operating.md §3 compares, by nodes. */
  readonly authorityLines: readonly AuthorityLine[];
  /** Without any user. */
  readonly pools: readonly PoolFigures[];
}

export interface PoolFigures {
  /** Mixes in each layer, providers. */
  readonly mixesPerLayer: number;
  readonly providers: number;
  /** Packets that a mix of each layer holds on average. */
  readonly perMix: readonly number[];
  readonly isCapped: boolean;
  readonly decoysPerSecondPerProvider: number;
  readonly decoysPerSecond: number;
  /** What decoys add on a provider's links to the first layer. */
  readonly bitsPerSecondPerProvider: number;
  readonly bytesPerDayPerProvider: number;
}

export interface ProfileFigures {
  /** Bytes on the wire in 24 hours, frames, TLS and TCP/IP counted, whatever the user does. */
  readonly upBytesPerDay: number;
  readonly downBytesPerDay: number;
  readonly latency: Latency;
  /** To a box; undefined where the network has none. */
  readonly boxLatency: Latency | undefined;
  readonly payloadPerSecond: number;
  /** Entries that a mailbox gets: its own loops, answers of boxes, and one sender at full pace. */
  readonly arrivalsPerSecond: number;
  readonly pollsPerSecond: number;
  readonly threeDevices: ThreeDevices;
  /** For bodies as handed to the transport, that is after MIME and OpenPGP. */
  readonly mails: readonly MailFigures[];
}

/** What each of an account's three devices has to collect: the loops of all, and the answers of its own boxes. */
export interface ThreeDevices {
  readonly arrivalsPerSecond: number;
  /** After the largest mail came to the mailbox from a sender at full pace, as a first letter does: until nothing waits any more. */
  readonly behind: Milliseconds;
}

export interface MailFigures {
  readonly bodyBytes: number;
  readonly fragments: number;
  readonly duration: Milliseconds;
  /** To a reader's one box; undefined in a network without boxes. */
  readonly toBox: Milliseconds | undefined;
}

export interface PathFigures {
  /** Every mix at its cap, and the links. */
  readonly longest: Milliseconds;
  /** To the destination, exceeded once in a million; and on average. */
  readonly oneWay: Milliseconds;
  readonly mean: Milliseconds;
  /** There and back, exceeded once in a million. */
  readonly roundTrip: Milliseconds;
}

export interface MixFigures {
  readonly packetsPerSecond: number;
  /** From a key's first use to when it is erased: what somebody recorded before, a seized mix opens no more. */
  readonly keyLife: Milliseconds;
  /** Keys in a descriptor, and their bytes with the numbers of their periods: most of what a node takes in a list. */
  readonly keysListed: number;
  readonly keysListedBytes: number;
  readonly heldBytes: number;
  readonly replayLogBytes: number;
  /** For each packet a second: tags of all keys held at once, in the log, and in the process at the table's emptiest. */
  readonly replayPerPacketPerSecond: { readonly logBytes: number; readonly setBytesMax: number };
}

export interface NetworkFigures {
  readonly users: number;
  readonly packetsPerSecondPerLayer: number;
  readonly bitsPerSecondPerLayer: number;
  readonly coresPerLayer: number;
}

/** The smallest network there is, which is the demo's, and one that has grown. */
const WIDTHS = [
  { mixesPerLayer: 2, providers: 2 },
  { mixesPerLayer: 8, providers: 6 },
];
const QUORUMS = [
  { authorities: 3, threshold: 2 },
  { authorities: 4, threshold: 3 },
];
const NODE_COUNTS = [30, 100, 300, 1000];
/** The packet rate at which a mix's memory is reckoned. */
const MIX_PACKETS_PER_SECOND = 4000;
const USERS = 200_000;
/** One packet, link to link, in a mix's process. */
const PACKET_CPU_SECONDS = 200e-6;
const DAY_SECONDS = 24 * 3600;

/** As many as an account may have (provider-server/accounts/limits.ts). */
export const DEVICES = 3;

const KB = 1000;
/** Base64 with line ends adds 37 %: 3 MB of attachment are 4.1 MB of body. */
export const MAIL_BYTES = {
  small: 20 * KB,
  demo: 137 * KB,
  large: 3 * KB * KB,
  largeAttached: 4_100 * KB,
  huge: 25 * KB * KB,
};

/** A key period's number, and the KEM's public key behind it. */
const PERIOD_BYTES = 4;
const PUBLIC_KEY_BYTES: Readonly<Record<SuiteName, number>> = { x25519: 32, xwing: 1216 };

/** A replay set doubles at a load of 0.7 (provider-server/mix/replay-set.ts). */
const REPLAY_SET_LOAD_MIN = 0.35;

export function figures(parameters: Parameters): Figures {
  const sizes = geometry(parameters);
  const { mail, chat } = parameters.profiles;
  const slowest = milliseconds(Math.max(mail.meanDelay, chat.meanDelay));
  const network = { genesis: milliseconds(0), parameters };
  const { keyLead, overlap } = parameters.epoch;
  const packetsPerSecondPerLayer = USERS * (mail.sendRate + boxRepliesPerSecond(parameters, mail));
  // Senders use a key from its lead on, and it goes at the end of its overlap: no tag is held for longer.
  const keyLife = milliseconds(keyPeriodLength(network) + keyLead + overlap);
  const tagsPerPacketPerSecond = keyLife / 1000;
  const keysListed = keyPeriodsAnnounced(network, epochNumber(1)).length;
  const keysListedBytes = keysListed * (PERIOD_BYTES + PUBLIC_KEY_BYTES[parameters.suite]);
  return {
    geometry: sizes,
    fragmentDataBytes: fragmentDataBytes(sizes),
    profiles: { mail: profileFigures(parameters, sizes, mail), chat: profileFigures(parameters, sizes, chat) },
    path: {
      longest: milliseconds(MIXES * parameters.delayCap * slowest),
      oneWay: erlangQuantile({ count: MIXES, mean: slowest, exceededWith: 1e-6 }),
      mean: milliseconds(MIXES * slowest),
      roundTrip: erlangQuantile({ count: 2 * MIXES, mean: slowest, exceededWith: 1e-6 }),
    },
    mix: {
      packetsPerSecond: MIX_PACKETS_PER_SECOND,
      keyLife,
      keysListed,
      keysListedBytes,
      heldBytes: MIX_PACKETS_PER_SECOND * (slowest / 1000) * parameters.packetBytes,
      replayLogBytes: MIX_PACKETS_PER_SECOND * tagsPerPacketPerSecond * REPLAY_TAG_BYTES,
      replayPerPacketPerSecond: {
        logBytes: tagsPerPacketPerSecond * REPLAY_TAG_BYTES,
        setBytesMax: (tagsPerPacketPerSecond * REPLAY_TAG_BYTES) / REPLAY_SET_LOAD_MIN,
      },
    },
    network: {
      users: USERS,
      packetsPerSecondPerLayer,
      bitsPerSecondPerLayer: packetsPerSecondPerLayer * parameters.packetBytes * 8,
      coresPerLayer: packetsPerSecondPerLayer * PACKET_CPU_SECONDS,
    },
    authorityLines: QUORUMS.flatMap((quorum) =>
      NODE_COUNTS.map((nodes) => authorityLine(parameters, { nodes, keysListedBytes, ...quorum })),
    ),
    pools: WIDTHS.map((width) => poolFigures(parameters, width)),
  };
}

function poolFigures(
  parameters: Parameters,
  { mixesPerLayer, providers }: { mixesPerLayer: number; providers: number },
): PoolFigures {
  const width = { layers: Array.from({ length: MIXES }, () => mixesPerLayer), providers };
  const { rate, isCapped } = decoyRate(parameters, width);
  const bytesPerSecond = rate * wireBytes(packetFrameBytes(parameters));
  return {
    mixesPerLayer,
    providers,
    perMix: poolOf(parameters, width, rate),
    isCapped,
    decoysPerSecondPerProvider: rate,
    decoysPerSecond: rate * providers,
    bitsPerSecondPerProvider: bytesPerSecond * 8,
    bytesPerDayPerProvider: bytesPerSecond * DAY_SECONDS,
  };
}

/** PACKET = type ‖ packet. */
const packetFrameBytes = ({ packetBytes }: Parameters): number => FRAME_TYPE_BYTES + packetBytes;

function profileFigures(parameters: Parameters, sizes: Geometry, profile: Profile): ProfileFigures {
  const { sendRate, pollRate } = profile;
  const send = sendFrameBytes(sizes);
  const entry = entryFrameBytes(sizes);
  const latency = packetLatency(parameters, profile);
  const payloadPerSecond = sendRate * profile.payloadShare;
  const boxLatency = parameters.boxReplies === 0 ? undefined : packetLatency(parameters, profile, "box");
  return {
    upBytesPerDay:
      DAY_SECONDS * (sendRate * wireBytes(send) + pollRate * (wireBytes(POLL_FRAME_BYTES) + acknowledgements(entry))),
    downBytesPerDay: DAY_SECONDS * (pollRate * wireBytes(entry) + sendRate * acknowledgements(send)),
    latency,
    boxLatency,
    payloadPerSecond,
    arrivalsPerSecond: sendRate * profile.loopShare + boxRepliesPerSecond(parameters, profile) + payloadPerSecond,
    threeDevices: threeDevices(parameters, sizes, profile),
    pollsPerSecond: pollRate,
    mails: Object.values(MAIL_BYTES).map((bodyBytes) =>
      mailFigures(parameters, sizes, { profile, bodyBytes, latency, boxLatency }),
    ),
  };
}

function threeDevices(parameters: Parameters, sizes: Geometry, profile: Profile): ThreeDevices {
  const { sendRate, pollRate, loopShare, payloadShare } = profile;
  const arrivalsPerSecond = DEVICES * sendRate * loopShare + boxRepliesPerSecond(parameters, profile);
  const sender = sendRate * payloadShare;
  const { total } = fragmentCount({ geometry: sizes, step: parameters.fragmentStep, messageBytes: MAIL_BYTES.huge });
  const waiting = Math.max(0, arrivalsPerSecond + sender - pollRate) * (total / sender);
  const drained = waiting === 0 ? 0 : waiting / Math.max(1e-9, pollRate - arrivalsPerSecond);
  return { arrivalsPerSecond, behind: milliseconds(drained * 1000) };
}

/**
 * A mail of n fragments: n − 1 payload slots after the first packet's latency, polls being quicker than what arrives; out of a box
 * n − 1 of its answers, where they are slower.
 */
function mailFigures(
  parameters: Parameters,
  sizes: Geometry,
  o: { profile: Profile; bodyBytes: number; latency: Latency; boxLatency: Latency | undefined },
): MailFigures {
  const { profile, bodyBytes, latency, boxLatency } = o;
  const { needed, total } = fragmentCount({
    geometry: sizes,
    step: parameters.fragmentStep,
    messageBytes: PLACE_BYTES + bodyBytes,
  });
  const slots = ((needed - 1) / (profile.sendRate * profile.payloadShare)) * 1000;
  const answers = ((needed - 1) / boxRepliesPerSecond(parameters, profile)) * 1000;
  return {
    bodyBytes,
    fragments: total,
    duration: milliseconds(latency.median + slots),
    toBox: boxLatency && milliseconds(boxLatency.median + Math.max(slots, answers)),
  };
}

const TLS_RECORD_BYTES_MAX = 16_384;
/** Record header, content type, tag. */
const TLS_RECORD_OVERHEAD = 5 + 1 + 16;
const SEGMENT_BYTES = 1448;
/** IPv4, TCP with timestamps. */
const SEGMENT_OVERHEAD = 20 + 32;

function wireBytes(frame: number): number {
  const bytes = frame + Math.ceil(frame / TLS_RECORD_BYTES_MAX) * TLS_RECORD_OVERHEAD;
  return bytes + Math.ceil(bytes / SEGMENT_BYTES) * SEGMENT_OVERHEAD;
}

/** One bare acknowledgement for every second segment of the other direction. */
const acknowledgements = (frame: number): number =>
  Math.ceil(wireBytes(frame) / (SEGMENT_BYTES * 2)) * SEGMENT_OVERHEAD;
