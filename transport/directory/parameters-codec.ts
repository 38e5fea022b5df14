/** A network's parameters as bytes. Spec: docs/spec/08-directory.md §4 */

import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { Parameters, Profile, SuiteName } from "../core/parameters.ts";
import { milliseconds, perSecond } from "../core/units.ts";
import { SEND_SPREAD_MIN } from "../traffic/limits.ts";
import { KEY_PERIODS_MAX } from "./limits.ts";

export function encodeParameters(parameters: Parameters): Uint8Array {
  const { epoch, profiles } = parameters;
  const writer = new Writer()
    .u8(SUITES.indexOf(parameters.suite))
    .u32(parameters.packetBytes)
    .u8(CLOCKS.indexOf(parameters.clock))
    .raw(float64(parameters.sendSpread));
  for (const profile of [profiles.mail, profiles.chat]) {
    for (const field of PROFILE_FIELDS) writer.raw(float64(profile[field]));
  }
  return writer
    .raw(float64(parameters.delayCap))
    .u64(epoch.duration)
    .u64(epoch.lead)
    .u64(epoch.overlap)
    .u8(epoch.keyPeriods)
    .u64(epoch.keyLead)
    .raw(float64(parameters.nodeLoopRate))
    .raw(float64(parameters.minimumPool))
    .u32(parameters.fragmentStep)
    .u64(parameters.messageBytesMax)
    .u64(parameters.retention)
    .u64(parameters.mailboxKeyLifetime)
    .u64(parameters.tokens.period)
    .u16(parameters.tokens.perProvider)
    .u8(parameters.boxReplies)
    .finish();
}

/** Throws MALFORMED, also for values no network can have. */
export function decodeParameters(bytes: Uint8Array): Parameters {
  const reader = new Reader(bytes);
  const suite = SUITES[reader.u8()];
  const packetBytes = reader.u32();
  const clock = CLOCKS[reader.u8()];
  if (suite === undefined || clock === undefined) throw new TransportError("MALFORMED");
  const parameters: Parameters = {
    suite,
    packetBytes,
    clock,
    sendSpread: positive(reader),
    profiles: { mail: decodeProfile(reader), chat: decodeProfile(reader) },
    delayCap: positive(reader),
    epoch: {
      duration: milliseconds(reader.u64()),
      lead: milliseconds(reader.u64()),
      overlap: milliseconds(reader.u64()),
      keyPeriods: reader.u8(),
      keyLead: milliseconds(reader.u64()),
    },
    nodeLoopRate: perSecond(positive(reader)),
    minimumPool: notNegative(reader),
    fragmentStep: reader.u32(),
    messageBytesMax: reader.u64(),
    retention: milliseconds(reader.u64()),
    mailboxKeyLifetime: milliseconds(reader.u64()),
    tokens: { period: milliseconds(reader.u64()), perProvider: reader.u16() },
    boxReplies: reader.u8(),
  };
  reader.end();
  assertUsable(parameters);
  return parameters;
}

const SUITES: readonly (SuiteName | undefined)[] = [undefined, "x25519", "xwing"];
const CLOCKS: readonly Parameters["clock"][] = ["poisson", "slot"];
const PROFILE_FIELDS = ["sendRate", "payloadShare", "loopShare", "dropShare", "pollRate", "meanDelay"] as const;

function decodeProfile(reader: Reader): Profile {
  const profile: Profile = {
    sendRate: perSecond(positive(reader)),
    payloadShare: positive(reader),
    loopShare: positive(reader),
    dropShare: positive(reader),
    pollRate: perSecond(positive(reader)),
    meanDelay: milliseconds(positive(reader)),
  };
  const shares = profile.payloadShare + profile.loopShare + profile.dropShare;
  if (Math.abs(shares - 1) > 1e-9) throw new TransportError("MALFORMED");
  return profile;
}

/** Senders change lists and keys within an epoch, and the old keys live until what was sent with them has arrived. */
function assertUsable(parameters: Parameters): void {
  const { sendSpread, epoch, fragmentStep, messageBytesMax, retention, mailboxKeyLifetime, tokens, boxReplies } =
    parameters;
  const { duration, lead, overlap, keyPeriods, keyLead } = epoch;
  // A quarter of the epoch is for agreement, and that ends before the lead begins.
  const isEpochSound = duration > 0 && lead >= 0 && lead <= duration / 2 && overlap >= 0 && overlap <= duration;
  const areKeyPeriodsSound =
    keyPeriods >= 1 && keyPeriods <= KEY_PERIODS_MAX && duration % keyPeriods === 0 && keyLead <= lead;
  const arePositive = [fragmentStep, messageBytesMax, retention, mailboxKeyLifetime].every((value) => value > 0);
  // A list names the keys of two periods (docs/spec/13-tokens.md §2): none may pass within one list's life.
  const arePeriodsSound = tokens.period >= 2 * duration && tokens.perProvider <= TOKENS_PER_PROVIDER_MAX;
  const isSpreadSound = sendSpread >= SEND_SPREAD_MIN && sendSpread <= 1;
  const areSound = [isSpreadSound, isEpochSound, areKeyPeriodsSound, arePositive, arePeriodsSound].every(Boolean);
  if (boxReplies > BOX_REPLIES_MAX || !areSound) throw new TransportError("MALFORMED");
}

/** One provider's part of a request for tokens must fit a CONTROL frame many times over: 64 · 32 bytes of 16 KiB. */
export const TOKENS_PER_PROVIDER_MAX = 64;

/** A request has room for three SURBs beside its own. */
export const BOX_REPLIES_MAX = 4;

/** IEEE 754 binary64, big-endian. */
function float64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function positive(reader: Reader): number {
  const value = notNegative(reader);
  if (value === 0) throw new TransportError("MALFORMED");
  return value;
}

function notNegative(reader: Reader): number {
  const bytes = reader.view(8);
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
  // One encoding of each value: minus zero is none.
  if (!(value >= 0 && value < Number.MAX_SAFE_INTEGER) || Object.is(value, -0)) throw new TransportError("MALFORMED");
  return value;
}
