/** The inequalities that a network's parameters must keep, each with a name. Spec: docs/spec/11-parameters.md §5 */

import type { Parameters, ProfileName } from "#transport/core/parameters.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { collectDelayMax } from "#transport/box/limits.ts";
import { milliseconds } from "#transport/core/units.ts";
import { clockErrorMax, keyGrace, keyPeriodLength } from "#transport/directory/epochs.ts";
import { PLACE_BYTES } from "#transport/box/place.ts";
import { DIGEST_BYTES } from "#transport/fragment/fragment.ts";
import { FRAGMENTS_MAX } from "#transport/fragment/limits.ts";
import type { Geometry } from "#transport/sphinx/geometry.ts";
import { requestBytesMax } from "#transport/sphinx/service-payload.ts";
import type { AuthorityLine } from "./authority-line.ts";
import { burst, MIX_CAPACITY, SPREAD_WIDEST } from "./bursts.ts";
import { type Figures, figures, MAIL_BYTES } from "./figures.ts";

export interface Check {
  readonly name: string;
  readonly holds: boolean;
  /** What was compared, for a reader. */
  readonly detail: string;
}

/** The network for people has bars of comfort; the demo's are how long a watcher waits. */
export type Kind = "live" | "demo";

export function checks(kind: Kind, parameters: Parameters, computed: Figures = figures(parameters)): Check[] {
  return [
    ...packetChecks(parameters, computed),
    ...(["mail", "chat"] as const).flatMap((name) => profileChecks(name, parameters, computed)),
    ...timeChecks(parameters, computed),
    ...poolChecks(kind, parameters, computed),
    ...(kind === "live" ? liveChecks(parameters, computed) : demoChecks(parameters, computed)),
  ];
}

function packetChecks(parameters: Parameters, { geometry, fragmentDataBytes }: Figures): Check[] {
  const parts = geometry.headerBytes + geometry.payloadBytes;
  return [
    exactly("header and payload make the packet", parts, parameters.packetBytes),
    atLeast("a 20 KB mail is one packet", fragmentDataBytes, MAIL_BYTES.small + PLACE_BYTES + DIGEST_BYTES),
    atLeast("a request has room for a SURB and 4 KB", requestBytesMax(geometry, "keys"), 4096),
    atLeast(
      "the largest message can be cut",
      FRAGMENTS_MAX,
      (DIGEST_BYTES + PLACE_BYTES + parameters.messageBytesMax) / fragmentDataBytes,
    ),
    // Certificate, mailbox key and addresses of one reader, as the `keys` service answers them.
    atLeast("a reply holds a reader's record", geometry.replyBytes, 12_288),
    ...boxChecks(parameters, geometry),
  ];
}

/** docs/spec/17-boxes.md §3: kind, secret, reader, cursor, taken; a delay for each answer; a SURB for each but the first. */
function boxChecks({ boxReplies }: Parameters, geometry: Geometry): Check[] {
  if (boxReplies === 0) return [];
  const collect = 1 + 32 + 32 + 8 + 8 + 4 * boxReplies + (boxReplies - 1) * geometry.surbBytes;
  return [
    atLeast("a request has room for the reply blocks of a collect", requestBytesMax(geometry, "box"), collect),
    atLeast("a reply carries an entry of a box", geometry.replyBytes, 1 + 8 + 8 + geometry.sealedBytes),
  ];
}

function profileChecks(name: ProfileName, parameters: Parameters, { profiles }: Figures): Check[] {
  const { payloadShare, loopShare, dropShare } = parameters.profiles[name];
  const { arrivalsPerSecond, pollsPerSecond, threeDevices } = profiles[name];
  return [
    exactly(`${name}: the shares of a slot sum to 1`, round(payloadShare + loopShare + dropShare), 1),
    above(`${name}: no share is zero`, Math.min(payloadShare, loopShare, dropShare), 0),
    above(
      `${name}: polls outpace what arrives, own loops, answers of boxes and a sender at full pace`,
      pollsPerSecond,
      arrivalsPerSecond,
    ),
    atLeast(
      `${name}: a mailbox that holds 1,000 fragments more than it gets drains within 2 days`,
      2 * 24 * 3600,
      1000 / Math.max(1e-9, pollsPerSecond - arrivalsPerSecond),
    ),
    // Who is known writes to boxes, which adds nothing: their answers come at one pace. To the mailbox comes the first letter.
    above(
      `${name}: with three devices polls outpace all their loops and one's own answers of boxes`,
      pollsPerSecond,
      threeDevices.arrivalsPerSecond,
    ),
    atLeast(
      `${name}: what three devices are behind after 25 MB to the mailbox at full pace is collected within 12 h (h)`,
      12,
      threeDevices.behind / 3.6e6,
    ),
  ];
}

function timeChecks(parameters: Parameters, { path, mix }: Figures): Check[] {
  const { epoch, boxReplies } = parameters;
  const window = epoch.keyLead + epoch.overlap;
  // The answers to a collect leave within the mean time between two drops (docs/spec/17-boxes.md §3).
  const collect = boxReplies === 0 ? 0 : collectDelayMax(parameters) + path.roundTrip;
  return [
    atLeast(
      "a packet delayed to the cap at every mix still meets its keys (key lead + overlap, ms)",
      window,
      path.longest,
    ),
    ...clockChecks(parameters, path),
    // The other half is for the request's wait for a slot (`replyBlockUntil`).
    atLeast("a SURB's way there and back fits half of it, but once in a million (ms)", window / 2, path.roundTrip),
    atLeast("the last answer to a collect still meets its keys, but once in a million (ms)", window, collect),
    atLeast("senders do not use a key before the list that names it (lead, key lead, ms)", epoch.lead, epoch.keyLead),
    above("an epoch is longer than its lead (ms)", epoch.duration, epoch.lead),
    atLeast("a mix holds its packets in 1 GiB", 2 ** 30, mix.heldBytes),
    atLeast("a mix's replay log fits 128 MiB", 2 ** 27, mix.replayLogBytes),
  ];
}

/** docs/spec/08-directory.md §2: a client and a node may each be off by `error`; the packets of one that is behind come late. */
function clockChecks(parameters: Parameters, path: Figures["path"]): Check[] {
  const network = { genesis: milliseconds(0), parameters };
  const [error, grace] = [clockErrorMax(network), keyGrace(network)];
  const late = Math.max(0, path.mean - (grace - 2 * error)) / keyPeriodLength(network);
  return [
    atLeast(
      "a packet of a clock that is off as far as it may be meets the keys of right ones, but once in a million (ms)",
      grace - error,
      path.oneWay,
    ),
    atLeast("both off as far as they may be, at most one packet in fifty comes too late", 1 / 50, late),
  ];
}

function poolChecks(kind: Kind, parameters: Parameters, { pools }: Figures): Check[] {
  const widest = Math.max(...pools.map((pool) => pool.bitsPerSecondPerProvider));
  const smallest = pools[0]?.decoysPerSecond ?? Number.POSITIVE_INFINITY;
  return [
    above("a mix is never without packets that are not its users'", parameters.minimumPool, 0),
    above("services ask for tokens", parameters.tokens.perProvider, 0),
    ...pools.flatMap(({ perMix, isCapped, mixesPerLayer, providers }) => [
      atLeast(
        `every mix of 3 × ${mixesPerLayer} with ${providers} providers holds the minimum pool`,
        round(Math.min(...perMix)),
        parameters.minimumPool,
      ),
      {
        name: `decoys of ${providers} providers for 3 × ${mixesPerLayer} mixes stay below their cap`,
        holds: !isCapped,
        detail: isCapped ? "at the cap" : "below the cap",
      },
    ]),
    // A provider's line for live; two cores for eleven processes in the demo.
    kind === "live"
      ? atLeast("decoys take a provider's line at most 5 Mbit/s", 5e6, widest)
      : atLeast("the demo's decoys are at most 10 packets/s", 10, smallest),
  ];
}

/** What docs/operating.md tells operators of authorities. */
function linesOf(lines: readonly AuthorityLine[]): Check[] {
  return lines
    .filter(({ authorities }) => authorities === 4)
    .flatMap((line): Check[] => [
      atLeast(
        `votes of ${line.nodes} nodes pass between four authorities in half a round, over the line asked for (Mbit/s)`,
        LINES_ASKED_FOR[line.nodes]?.votes ?? 0,
        line.votesBitsPerSecond / 1e6,
      ),
      atLeast(
        `all of ${line.nodes} nodes get a list of three authorities before it is used, over the line asked for (Mbit/s)`,
        LINES_ASKED_FOR[line.nodes]?.lists ?? 0,
        line.listsBitsPerSecond / 1e6,
      ),
    ]);
}

/** In Mbit/s, by the number of nodes. */
const LINES_ASKED_FOR: Readonly<Record<number, { votes: number; lists: number }>> = {
  30: { votes: 1, lists: 1 },
  100: { votes: 2, lists: 2 },
  300: { votes: 5, lists: 15 },
  1000: { votes: 15, lists: 150 },
};

function liveChecks(parameters: Parameters, { profiles, network, mix, authorityLines }: Figures): Check[] {
  const { mail, chat } = profiles;
  const longest = mail.mails.at(-1);
  const { peak } = burst(parameters, { users: 10_000, mixesPerLayer: 2, capacity: MIX_CAPACITY });
  return [
    atLeast("two mixes a layer take the bursts of 10,000 users (packets/s at each)", MIX_CAPACITY, peak),
    atLeast("a burst is narrow enough to keep senders alike (share of a slot)", SPREAD_WIDEST, parameters.sendSpread),
    atLeast("a 20 KB mail arrives within 60 s, median (s)", 60, mail.latency.median / 1000),
    atLeast("a chat message arrives within 4 s, median (s)", 4, chat.latency.median / 1000),
    atLeast("the mail profile sends at most 130 MB a day (MB)", 130, mail.upBytesPerDay / 1e6),
    atLeast("a 20 KB mail to a box arrives within 120 s, median (s)", 120, (mail.boxLatency?.median ?? 0) / 1000),
    atLeast("a chat message to a box arrives within 8 s, median (s)", 8, (chat.boxLatency?.median ?? 0) / 1000),
    atLeast("a 25 MB mail goes overnight, within 12 h (h)", 12, (longest?.duration ?? 0) / 3.6e6),
    atLeast("a 25 MB mail to a box does, too, while its reader has no other (h)", 12, (longest?.toBox ?? 0) / 3.6e6),
    ...linesOf(authorityLines),
    atLeast("200,000 users need at most 4 cores per layer", 4, network.coresPerLayer),
    atLeast("a seized mix opens what was recorded in the last 20 minutes at most (min)", 20, mix.keyLife / 60_000),
  ];
}

function demoChecks(parameters: Parameters, { profiles }: Figures): Check[] {
  const [, demo, , attached] = profiles.mail.mails;
  const same: (keyof Parameters)[] = ["suite", "packetBytes", "clock", "sendSpread", "delayCap", "fragmentStep"];
  return [
    atLeast("a mail of 100 KB (137 KB in base64) arrives within 30 s (s)", 30, (demo?.duration ?? 0) / 1000),
    atLeast("a mail of 3 MB (4.1 MB in base64) arrives within 120 s (s)", 120, (attached?.duration ?? 0) / 1000),
    {
      name: "the demo differs from the live network in pace only",
      holds: same.every((key) => parameters[key] === LIVE_PARAMETERS[key]),
      detail: `${same.join(", ")} are the same`,
    },
  ];
}

const compare = (name: string, holds: boolean, [left, sign, right]: [number, string, number]): Check => ({
  name,
  holds,
  detail: `${show(left)} ${sign} ${show(right)}`,
});
const atLeast = (name: string, left: number, right: number): Check => compare(name, left >= right, [left, "≥", right]);
const above = (name: string, left: number, right: number): Check => compare(name, left > right, [left, ">", right]);
const exactly = (name: string, left: number, right: number): Check => compare(name, left === right, [left, "=", right]);

/** Shares are written in decimal, their sum is not exact. */
const round = (value: number): number => Math.round(value * 1e9) / 1e9;
const show = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 5 });
