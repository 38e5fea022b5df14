/** A network's parameters as bytes. Spec: docs/spec/08-directory.md §4 */

import { Reader, Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import type { Parameters, Profile, SuiteName } from "../core/parameters.ts";
import { milliseconds, perSecond } from "../core/units.ts";

export function encodeParameters(parameters: Parameters): Uint8Array {
  const { epoch, profiles } = parameters;
  const writer = new Writer()
    .u8(SUITES.indexOf(parameters.suite))
    .u32(parameters.packetBytes)
    .u8(CLOCKS.indexOf(parameters.clock));
  for (const profile of [profiles.mail, profiles.chat]) {
    for (const field of PROFILE_FIELDS) writer.raw(float64(profile[field]));
  }
  return writer
    .raw(float64(parameters.delayCap))
    .u64(epoch.duration)
    .u64(epoch.lead)
    .u64(epoch.overlap)
    .raw(float64(parameters.nodeLoopRate))
    .u32(parameters.fragmentStep)
    .u64(parameters.messageBytesMax)
    .u64(parameters.retention)
    .u64(parameters.mailboxKeyLifetime)
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
    profiles: { mail: decodeProfile(reader), chat: decodeProfile(reader) },
    delayCap: positive(reader),
    epoch: {
      duration: milliseconds(reader.u64()),
      lead: milliseconds(reader.u64()),
      overlap: milliseconds(reader.u64()),
    },
    nodeLoopRate: perSecond(positive(reader)),
    fragmentStep: reader.u32(),
    messageBytesMax: reader.u64(),
    retention: milliseconds(reader.u64()),
    mailboxKeyLifetime: milliseconds(reader.u64()),
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

/** Senders change keys within an epoch, and the old keys live until what was sent with them has arrived. */
function assertUsable({ epoch, fragmentStep, messageBytesMax, retention, mailboxKeyLifetime }: Parameters): void {
  const { duration, lead, overlap } = epoch;
  // A quarter of the epoch is for agreement, and that ends before the lead begins.
  const isEpochSound = duration > 0 && lead >= 0 && lead <= duration / 2 && overlap >= 0 && overlap <= duration;
  const arePositive = [fragmentStep, messageBytesMax, retention, mailboxKeyLifetime].every((value) => value > 0);
  if (!isEpochSound || !arePositive) throw new TransportError("MALFORMED");
}

/** IEEE 754 binary64, big-endian. */
function float64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function positive(reader: Reader): number {
  const bytes = reader.view(8);
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
  if (!(value > 0 && value < Number.MAX_SAFE_INTEGER)) throw new TransportError("MALFORMED");
  return value;
}
