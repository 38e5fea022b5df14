/**
 * A whole network in which half of the people write to the other half without pause, and what passes each line meanwhile, out of the
 * adversary's log: production's clients, providers, mixes and authorities with whole packets, on links in memory, without
 * cryptography. Format of the log: docs/spec/14-observer-log.md
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AdversaryLog } from "#test/sim/adversary-log.ts";
import { BOOTSTRAP } from "#test/sim/network-plan.ts";
import type { SimClient } from "#test/sim/sim-client.ts";
import { World } from "#test/sim/world.ts";
import { noCryptography } from "#test/support/no-cryptography.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { TransportClient } from "#transport/client/client.ts";
import { equalBytes } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { meanInterval, milliseconds, seconds } from "#transport/core/units.ts";
import { fragmentDataBytes } from "#transport/fragment/fragment.ts";
import { entryFrameBytes, FRAME_TYPES, sendFrameBytes } from "#transport/link/frame-table.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import type { SendClock, SendClockOptions } from "#transport/traffic/send-clock.ts";
import { readLog } from "./log.ts";

/**
 * What is wrong with the program. `tells`: the provider answers a reader's polls only when something came. `bare`: that, and
 * clients send nothing but mail.
 */
export type LineFault = "none" | "tells" | "bare";

export interface LineNetwork {
  readonly seed: string;
  readonly clock: Parameters["clock"];
  readonly fault: LineFault;
  /** Writers, each with a reader of its own. */
  readonly pairs: number;
  /** Slots' worth of mail that each writer has sent when the watching ends. */
  readonly packets: number;
}

/** In ms from when everybody began to write, ascending. */
export interface LineOfPair {
  /** Packets that left the writer's client. */
  readonly sends: Float64Array;
  /** Answers to polls that reached the reader's client. */
  readonly answers: Float64Array;
  /** How many pieces of mail were among the packets: known to us, not to the observer. */
  readonly mail: number;
}

/** Everybody at the chat profile's pace from the start: a profile that is chosen comes into force at midnight only. */
export function lineParameters({ clock, fault }: Pick<LineNetwork, "clock" | "fault">): Parameters {
  const { chat } = LIVE_PARAMETERS.profiles;
  return {
    ...LIVE_PARAMETERS,
    suite: "x25519",
    packetBytes: 3_072,
    clock,
    profiles: { mail: chat, chat },
    // Decoys never come to a line: fewer of them save the simulator work.
    minimumPool: 1,
    // Answers of boxes come whether there is mail or not, so that many of them hide what a planted fault shows.
    boxReplies: fault === "none" ? LIVE_PARAMETERS.boxReplies : 0,
    tokens: { ...LIVE_PARAMETERS.tokens, perProvider: 0 },
  };
}

/** Mean time between two payload slots. */
export function mailGap({ profiles }: Parameters): number {
  return meanInterval(profiles.mail.sendRate) / profiles.mail.payloadShare;
}

const PROVIDERS = ["a", "b"];
/** A provider takes 120 new accounts a minute, and here are two. */
const SIGN_UP_EVERY = 300;
/** Before and after what is watched: packets of before are under way as they always are, and those of the end come. */
export const MARGIN = 20_000;
/** The writers' look-ups end within this. */
const LOOKUPS = seconds(60);
/** Mail for so much more than the time that is watched: nobody runs dry. */
const MORE_MAIL = 1.5;

export async function watchLines(options: LineNetwork): Promise<LineOfPair[]> {
  const { seed, pairs, packets } = options;
  const parameters = lineParameters(options);
  const faults = new Faults(options.fault);
  const world = await World.create({
    seed,
    parameters,
    suite: noCryptography(),
    providers: PROVIDERS,
    bootstrap: BOOTSTRAP,
    taskLimit: Number.POSITIVE_INFINITY,
    nodeLink: (name, link) => (PROVIDERS.includes(name) ? faults.link(link) : link),
  });
  const { clock } = world;
  const mail = new Map<string, number>();
  let begin = Number.POSITIVE_INFINITY;
  const end = (): number => begin + packets * mailGap(parameters) + MARGIN;
  const joined: Promise<unknown>[] = [];
  const person = (name: string, number: number): SimClient => {
    const client = world.client({
      name,
      // Writers' and readers' providers in all four ways.
      provider: PROVIDERS[number % PROVIDERS.length] as string,
      machine: "quick",
      tap: "none",
      make: faults.client,
      observer: {
        fragmentSent: ({ at }) =>
          at < begin + packets * mailGap(parameters) && mail.set(name, (mail.get(name) ?? 0) + 1),
      },
    });
    const joins = async (): Promise<void> => {
      await client.start();
      await client.client.signUp({ localPart: name, invite: "", certificate: new Uint8Array(64) });
    };
    const at = milliseconds(clock.now() + joined.length * SIGN_UP_EVERY);
    joined.push(new Promise<void>((resolve, reject) => void clock.at(at, () => void joins().then(resolve, reject))));
    return client;
  };
  const people = Array.from({ length: pairs }, (_, i) => ({
    writer: person(`writer${i}`, i),
    reader: person(`reader${i}`, i >> 1),
  }));
  await clock.runUntilSettled(Promise.all(joined), milliseconds(joined.length * SIGN_UP_EVERY + 60_000));
  const records = await clock.runUntilSettled(
    Promise.all(people.map(({ writer, reader }) => writer.client.lookup(reader.address))),
    LOOKUPS,
  );
  // Slots begin at multiples of their length: the observer knows when.
  const slot = meanInterval(parameters.profiles.mail.sendRate);
  begin = Math.ceil((clock.now() + 2 * MARGIN) / slot) * slot;
  const folder = mkdtempSync(join(tmpdir(), "starling-lines-"));
  const path = join(folder, "log");
  try {
    const log = new AdversaryLog({ path, begin: milliseconds(begin - MARGIN) });
    world.net.onPassage = (passage) => {
      if (passage.protocol === "starling-client/2") log.passed(passage);
    };
    await clock.runUntil(milliseconds(begin - MARGIN));
    faults.readers = people.map(({ reader }) => world.deviceKey(reader.name));
    await clock.runUntil(milliseconds(begin));
    const random = new SeededRandom(`${seed}/mail`);
    const bytes = Math.ceil(MORE_MAIL * packets * fragmentDataBytes(geometry(parameters)));
    people.forEach(({ writer }, i) => {
      const to = records[i];
      if (to === undefined) throw new Error(`reader ${i} was not found`);
      void writer.client.send({ to, body: random.bytes(bytes) });
    });
    await clock.runUntil(milliseconds(end()));
    log.close();
    world.net.onPassage = undefined;
    faults.readers = undefined;
    await world.stop();
    return linesOf(readFileSync(path, "utf8"), { parameters, pairs, mail });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the adversary makes of the log: large frames up are packets, frames as long as an entry that come down are answers. */
function linesOf(
  text: string,
  { parameters, pairs, mail }: { parameters: Parameters; pairs: number; mail: ReadonlyMap<string, number> },
): LineOfPair[] {
  const { links, records } = readLog(text);
  const sizes = geometry(parameters);
  const times = new Map<string, number[]>();
  for (const { at, link, direction, length } of records) {
    const isPacket = direction === ">" && length === sendFrameBytes(sizes);
    const isAnswer = direction === "<" && length === entryFrameBytes(sizes);
    if (!isPacket && !isAnswer) continue;
    const key = `${links[link]?.dialer} ${direction}`;
    const known = times.get(key);
    if (known === undefined) times.set(key, [at - MARGIN]);
    else known.push(at - MARGIN);
  }
  const of = (key: string): Float64Array => Float64Array.from(times.get(key) ?? []).toSorted();
  return Array.from({ length: pairs }, (_, i) => ({
    sends: of(`writer${i} >`),
    answers: of(`reader${i} <`),
    mail: mail.get(`writer${i}`) ?? 0,
  }));
}

/** Where the kind stands in an ENTRY frame, and "none": docs/spec/05-link.md §3. */
const KIND_AT = 9;
const NOTHING_CAME = 0;

class Faults {
  readonly #fault: LineFault;
  /** Device keys of those whom the fault hits; nobody is until everybody has looked up and settled. */
  readers: readonly Uint8Array[] | undefined;

  constructor(fault: LineFault) {
    this.#fault = fault;
  }

  /** "An answer that says nothing need not be sent." */
  link(link: Link): Link {
    if (this.#fault === "none") return link;
    return {
      protocol: link.protocol,
      peer: link.peer,
      from: link.from,
      get writable() {
        return link.writable;
      },
      send: (frame, onTaken) => {
        const isEmpty = frame[0] === FRAME_TYPES.entry && frame[KIND_AT] === NOTHING_CAME;
        const isReader = isEmpty && this.readers?.some((key) => equalBytes(key, link.peer.key)) === true;
        if (!isReader) return link.send(frame, onTaken);
        onTaken?.();
        return true;
      },
      onFrame: (handler, options) => link.onFrame(handler, options),
      onClose: (handler) => link.onClose(handler),
      close: (options) => link.close(options),
    };
  }

  /** "There is nothing to send, so why send anything?" */
  readonly client = (options: ConstructorParameters<typeof TransportClient>[0]): TransportClient => {
    const sendsCover = (): boolean => this.#fault !== "bare" || this.readers === undefined;
    class Client extends TransportClient {
      protected override makeSendClock(clockOptions: SendClockOptions): SendClock {
        const isWanted = (kind: string): boolean =>
          sendsCover() || (kind === "payload" && this.status().queuedFragments > 0);
        return super.makeSendClock({
          ...clockOptions,
          prepare: (kind) => (isWanted(kind) ? clockOptions.prepare(kind) : undefined),
        });
      }
    }
    return new Client(options);
  };
}
