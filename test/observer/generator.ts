/**
 * Times of one conversation without packets: the classes of production that decide when a client sends, of which kind, and how
 * long each mix holds what it sent, on a virtual clock; no cryptography, no queues of others (a mix's delay does not depend
 * on them). `generator.test.ts` shows that the times have the law of the full simulation. Spec: docs/spec/04-traffic.md §2-4
 */

import { SeededRandom } from "#test/support/seeded-random.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";
import type { Parameters, ProfileName } from "#transport/core/parameters.ts";
import { exponential, type RandomSource, uniform } from "#transport/core/random.ts";
import { meanInterval, milliseconds } from "#transport/core/units.ts";
import { drawDelay } from "#transport/directory/path.ts";
import { coverMeanDelay, payloadMeanDelay } from "#transport/traffic/delay-class.ts";
import { ProfileSchedule } from "#transport/traffic/profile-schedule.ts";
import { SendClock, type SlotKind } from "#transport/traffic/send-clock.ts";
import { Ticker } from "#transport/traffic/ticker.ts";
import { QuickClock } from "./quick-clock.ts";

/** All in milliseconds from the start, ascending. */
export interface Conversation {
  /** Frames that the sender's client sent, of whatever kind. */
  readonly sends: Float64Array;
  /** Frames that the reader's client sent. */
  readonly readerSends: Float64Array;
  /** Entries into the reader's mailbox: the sender's packets and the reader's own loops. */
  readonly arrivals: Float64Array;
  /** Those of `arrivals` that came from the sender: known to us, not to the observer. */
  readonly real: Float64Array;
  /** Answers to polls that passed the reader's line. */
  readonly entries: Float64Array;
  /** How long each packet for the reader was under way, in the order in which they left. */
  readonly ways: Float64Array;
}

export interface ConversationOptions {
  readonly seed: string;
  readonly parameters: Parameters;
  readonly profile: ProfileName;
  /** Milliseconds from the start at which one packet for the reader joins the sender's queue, ascending. */
  readonly mail: readonly number[];
  readonly duration: number;
  /** `off` is the planted fault: clients send only what is real and receive at once. */
  readonly cover: "on" | "off";
  /** What is watched of the reader: without `line` there are no entries. */
  readonly eye: Eye;
  /** How far the sender's computer is ahead, ms. */
  readonly senderClockError?: number;
}

/** Which times of the reader the observer sees: answers on the reader's line, or entries into the mailbox. */
export type Eye = "line" | "provider";

/** Links between client, provider, three mixes and provider. */
const LINKS = 5;
/** As in the simulated network (test/sim/network-in-memory.ts). */
export const LINK_LATENCY = { least: 5, mean: 20 } as const;
/** From POLL to ENTRY at the provider: docs/spec/07-mailbox.md §1.2. */
const ANSWER_WAIT = 10;

export function conversation(options: ConversationOptions): Conversation {
  const { seed, parameters, profile, mail, duration, cover, eye, senderClockError = 0 } = options;
  const clock = new QuickClock();
  const arrivals: number[] = [];
  const real: number[] = [];
  const entries: number[] = [];
  const ways: number[] = [];
  const common = { clock, parameters, profile, cover };
  let waiting = 0;
  let next = 0;
  const sender = startClient({
    ...common,
    seed: `${seed}/sender`,
    clockError: senderClockError,
    hasMail: () => {
      for (; next < mail.length && (mail[next] as number) <= clock.now(); next++) waiting++;
      return waiting > 0 && waiting-- > 0;
    },
    onPacket: (packet) => {
      if (!packet.isReal) return;
      const { arrival } = packet.journey();
      real.push(arrival);
      ways.push(arrival - clock.now());
      arrivals.push(arrival);
    },
  });
  const reader = startClient({
    ...common,
    seed: `${seed}/reader`,
    hasMail: () => false,
    onPacket: ({ kind, journey }) => {
      if (kind === "loop") arrivals.push(journey().arrival);
    },
    ...(eye === "line" ? { onEntry: (at: number) => entries.push(at) } : {}),
  });
  clock.runUntil(duration);
  const latency = new SeededRandom(`${seed}/push`);
  if (cover === "off") entries.push(...real.map((at) => at + linkLatency(latency)));
  return {
    sends: ascending(sender),
    readerSends: ascending(reader),
    arrivals: ascending(arrivals),
    real: ascending(real),
    entries: ascending(entries),
    ways: Float64Array.from(ways),
  };
}

/** What a mix may see of a packet, and when it comes out of the third layer at its provider. */
export interface Journey {
  readonly mean: number;
  readonly delays: readonly [number, number, number];
  readonly arrival: number;
}

export interface SentPacket {
  readonly kind: SlotKind;
  readonly isReal: boolean;
  /** Draws it; ask once. */
  readonly journey: () => Journey;
}

export interface ClientOptions {
  readonly clock: QuickClock;
  readonly parameters: Parameters;
  readonly profile: ProfileName;
  readonly cover: "on" | "off";
  readonly seed: string;
  /** Whether a packet waits; takes it. Asked when a payload slot is wrapped. */
  readonly hasMail: () => boolean;
  readonly onPacket: (packet: SentPacket) => void;
  /** An answer to a poll passed its line. Without it the client does not poll. */
  readonly onEntry?: (at: number) => void;
  /** How far its computer is ahead, ms: its slots begin so much sooner. Times that are given are true ones. */
  readonly clockError?: number;
}

const FRAME = new Uint8Array(0);

/** Starts one client with production's clocks at a random moment; gives the times of its frames, which fills as they leave. */
export function startClient(o: ClientOptions): number[] {
  const { clock, parameters, cover, seed, onEntry } = o;
  const stream = (name: string): RandomSource => new SeededRandom(`${seed}/${name}`);
  const [delays, latency] = [stream("delays"), stream("latency")];
  const profiles = new ProfileSchedule({ parameters, choice: { profile: o.profile, nextProfile: undefined } });
  const sends: number[] = [];
  const shown = new WrongClock(clock);
  shown.error = o.clockError ?? 0;
  const journey = (kind: SlotKind): Journey => {
    const { delayCap } = parameters;
    const isPayload = kind === "payload";
    const meanDelay = isPayload ? payloadMeanDelay(profiles.at(clock.now())) : coverMeanDelay(delays, parameters);
    const draw = (): number => drawDelay({ delays, meanDelay, delayCap });
    const drawn = [draw(), draw(), draw()] as const;
    let arrival = clock.now() + drawn[0] + drawn[1] + drawn[2];
    for (let link = 0; link < LINKS; link++) arrival += linkLatency(latency);
    return { mean: meanDelay, delays: drawn, arrival: Math.ceil(arrival) };
  };
  const sendClock = new SendClock({
    clock: shown,
    timing: stream("timing"),
    kinds: stream("kinds"),
    law: parameters.clock,
    spread: parameters.sendSpread,
    profiles,
    prepare: (kind) => {
      const isReal = kind === "payload" && o.hasMail();
      if (!isReal && cover === "off") return undefined;
      return { frame: FRAME, settled: () => o.onPacket({ kind, isReal, journey: () => journey(kind) }) };
    },
    write: () => {
      sends.push(clock.now());
      return true;
    },
  });
  const poll = new Ticker({
    clock,
    random: stream("polling"),
    law: parameters.clock,
    pace: profiles.pace("pollRate"),
    tick: () => onEntry?.(clock.now() + ANSWER_WAIT + linkLatency(latency) + linkLatency(latency)),
  });
  const meanWait = meanInterval(profiles.at(clock.now()).sendRate);
  clock.at(milliseconds(uniform(stream("start")) * meanWait), () => {
    sendClock.start();
    if (cover === "on" && onEntry !== undefined) poll.start();
  });
  return sends;
}

const linkLatency = (random: RandomSource): number =>
  LINK_LATENCY.least + exponential(random, milliseconds(LINK_LATENCY.mean - LINK_LATENCY.least));
const ascending = (times: readonly number[]): Float64Array => Float64Array.from(times).toSorted();
