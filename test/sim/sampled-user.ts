/**
 * One user of a sampled simulation: production's clocks, turns and waits around queues of plain objects. What a packet would
 * carry is a closure that runs where the packet would end. Docs: docs/simulator.md §5
 */

import { Given } from "#provider-server/entry/given.ts";
import type { Parameters, Profile } from "#transport/core/parameters.ts";
import type { RandomStreams } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import { FairTurns } from "#transport/client/fair-turns.ts";
import { REMINDERS_MAX } from "#transport/client/limits.ts";
import { TimeLaws } from "#transport/client/time-laws.ts";
import { coverMeanDelay, payloadMeanDelay } from "#transport/traffic/delay-class.ts";
import type { ProfileSchedule } from "#transport/traffic/profile-schedule.ts";
import { type Prepared, SendClock, type SlotKind } from "#transport/traffic/send-clock.ts";
import { Ticker } from "#transport/traffic/ticker.ts";
import type { VirtualClock } from "#test/support/virtual-clock.ts";
import type { SampledBox } from "./sampled-box.ts";
import { isUsable, SampledBoxes } from "./sampled-boxes.ts";
import type { Destination, Letter, SampledNetwork } from "./sampled-network.ts";

/** What waits for a payload slot. */
interface Waiting {
  left: number;
  readonly order: number;
  /** Takes one packet's worth: to be run where it ends, and told when it leaves. */
  take(): Taken;
}

interface Taken {
  /** At the provider where its way ends. */
  readonly arrive: () => void;
  /** At the tick. */
  readonly leaves: () => void;
}

/** What lies in a mailbox. */
interface MailboxEntry {
  readonly seq: number;
  readonly visibleAt: number;
  readonly read: () => void;
}

export interface SampledUserOptions {
  readonly self: number;
  readonly clock: VirtualClock;
  readonly parameters: Parameters;
  readonly profiles: ProfileSchedule;
  readonly streams: RandomStreams;
  readonly network: SampledNetwork;
}

export class SampledUser implements Destination {
  readonly self: number;
  readonly known = new Set<number>();
  readonly #options: SampledUserOptions;
  readonly #laws: TimeLaws;
  readonly #turns = new FairTurns();
  readonly #sendClock: SendClock;
  readonly #pollClock: Ticker;
  readonly #boxes: SampledBoxes;
  /** Where others want to be written to, as their receipts said. */
  readonly #places = new Map<SampledUser, SampledBox>();
  #waiting: Waiting[] = [];
  readonly #owed = new Map<Destination, { readonly letters: Set<Letter>; isDue: boolean }>();
  readonly #lookups = new Map<number, (() => void)[]>();
  #order = 0;
  #mailbox: MailboxEntry[] = [];
  #entries = 0;
  #committed = 0;
  /** What the link was given ahead of the cursor. */
  readonly #given = new Given();
  /** Nothing overtakes on a link: when the last frame of each direction arrives. */
  readonly #line = { up: 0, down: 0 };
  #taken = 0;

  constructor(options: SampledUserOptions) {
    const { clock, streams, profiles, parameters } = options;
    this.#options = options;
    this.self = options.self;
    this.#laws = new TimeLaws({ random: streams.reliability, profile: () => this.#profile(), parameters });
    this.#sendClock = new SendClock({
      clock,
      timing: streams.timing,
      kinds: streams.kinds,
      law: parameters.clock,
      spread: parameters.sendSpread,
      profiles,
      prepare: (kind) => this.#prepare(kind),
      write: () => true,
    });
    this.#pollClock = new Ticker({
      clock,
      random: streams.polling,
      law: parameters.clock,
      pace: profiles.pace("pollRate"),
      tick: () => this.#poll(),
    });
    this.#boxes = new SampledBoxes({
      clock,
      parameters,
      network: options.network,
      profile: () => this.#profile(),
      chance: streams.boxes,
      journey: this.#laws.journey,
      request: (replied) => this.#request(replied),
      tellSelf: ({ came, left }) => this.#enqueue(1, () => ({ arrive: () => this.deposit(came), leaves: left })),
      reply: (came) => this.#reply(came),
    });
  }

  start(): void {
    this.#sendClock.start();
    this.#pollClock.start();
    this.#boxes.start();
  }

  /** Where a letter to this person goes now, and where its receipt shall go. */
  placesFor(to: SampledUser): Pick<Letter, "place" | "ownPlace"> {
    return { place: this.#placeOf(to), ownPlace: this.#boxes.place() };
  }

  /** Runs `then` when the person's record is here: asked for by a request, if it is not. */
  knows(person: SampledUser, then: () => void): void {
    if (this.known.has(person.self)) return then();
    const asked = this.#lookups.get(person.self);
    if (asked !== undefined) return void asked.push(then);
    const waiting = [then];
    this.#lookups.set(person.self, waiting);
    this.#options.network.lookups.asked(this.self, person.self);
    this.#request(() => {
      this.known.add(person.self);
      this.#lookups.delete(person.self);
      for (const run of waiting) run();
    });
  }

  /** Queues a letter's fragments. */
  send(letter: Letter): void {
    let next = 0;
    this.#enqueue(letter.total, () => {
      const index = next++;
      const isLast = index === letter.total - 1;
      return {
        arrive: () => letter.to.#fragment(letter, index),
        leaves: isLast ? () => this.#at(this.#laws.askWait(), () => this.#ask(letter)) : DO_NOTHING,
      };
    });
  }

  /** Something came into the mailbox; a commit later it can be read. */
  deposit(read: () => void): void {
    // Numbers are those of the order in which entries are committed.
    this.#committed = Math.max(this.#committed, this.#now() + this.#options.network.commitWait());
    this.#mailbox.push({ seq: ++this.#entries, visibleAt: this.#committed, read });
  }

  #prepare(kind: SlotKind): Prepared {
    const { streams, parameters, network } = this.#options;
    const { delays } = streams;
    const meanDelay = kind === "payload" ? payloadMeanDelay(this.#profile()) : coverMeanDelay(delays, parameters);
    const taken = kind === "payload" ? this.#take() : undefined;
    const arrive = taken?.arrive ?? this.#cover(kind);
    return {
      frame: NOTHING,
      settled: () => {
        taken?.leaves();
        network.fly({ meanDelay, delays, from: "client", arrive });
      },
    };
  }

  /** What the packet does that carries nothing of the user's. */
  #cover(kind: SlotKind): () => void {
    if (kind === "drop") return this.#boxes.collect();
    return kind === "loop" ? () => this.deposit(DO_NOTHING) : DO_NOTHING;
  }

  #enqueue(left: number, take: Waiting["take"]): void {
    this.#waiting.push({ left, order: this.#order++, take });
  }

  /** Whose turn it is. */
  #take(): Taken | undefined {
    const next = this.#turns.next(this.#waiting);
    if (next !== undefined && --next.left === 0) this.#waiting = this.#waiting.filter((other) => other !== next);
    return next?.take();
  }

  /** A fragment came: padding and what is known are entries like any other. */
  #fragment(letter: Letter, index: number): void {
    if (index < letter.needed) letter.stored++;
    (letter.place ?? this).deposit(() => {
      if (index < letter.needed && !letter.has.has(index)) {
        letter.has.add(index);
        if (letter.has.size === letter.needed) this.#read(letter);
      } else if (letter.readAt !== undefined && index < letter.needed) this.#owe(letter);
    });
  }

  #read(letter: Letter): void {
    letter.readAt = this.#options.clock.now();
    this.#options.network.onRead(letter);
    this.knows(letter.from, () => this.#owe(letter));
  }

  /** A receipt joins the queue after a wait; one packet takes all that are owed to one mailbox or box. */
  #owe(letter: Letter): void {
    const { from: writer } = letter;
    const to = this.#placeForReceipt(letter) ?? writer;
    const owed = this.#owed.get(to) ?? { letters: new Set(), isDue: false };
    this.#owed.set(to, owed);
    if (owed.letters.has(letter)) return;
    owed.letters.add(letter);
    this.#at(this.#laws.receiptWait(), () => {
      if (owed.isDue) return;
      owed.isDue = true;
      this.#enqueue(1, () => {
        this.#owed.delete(to);
        const place = this.#boxes.place();
        const arrive = (): void => to.deposit(() => owed.letters.forEach((one) => writer.#delivered(one, place)));
        return { arrive, leaves: DO_NOTHING };
      });
    });
  }

  /** The first receipt for a letter also says where its reader wants to be written to. */
  #delivered(letter: Letter, place: SampledBox | undefined): void {
    if (letter.deliveredAt !== undefined) return;
    letter.deliveredAt = this.#now();
    const known = this.#placeOf(letter.to);
    if (place !== undefined && (known === undefined || known.until < place.until)) this.#places.set(letter.to, place);
  }

  /** Where the letter said, unless its writer is known to want mail at a newer place. */
  #placeForReceipt({ from, ownPlace }: Letter): SampledBox | undefined {
    const known = this.#placeOf(from);
    if (ownPlace === undefined || !isUsable(ownPlace, this.#now())) return known;
    return known !== undefined && known.until > ownPlace.until ? known : ownPlace;
  }

  #placeOf(person: SampledUser): SampledBox | undefined {
    const place = this.#places.get(person);
    return place !== undefined && isUsable(place, this.#now()) ? place : undefined;
  }

  /** Whether all is stored is asked when no receipt came in time; nothing is lost here, so it is, or asked again. */
  #ask(letter: Letter): void {
    if (letter.deliveredAt !== undefined) return;
    this.#request(() => {
      if (letter.deliveredAt !== undefined) return;
      if (letter.stored < letter.needed) this.#at(this.#laws.askWait(), () => this.#ask(letter));
      else this.#remind(letter, 0);
    });
  }

  #remind(letter: Letter, reminders: number): void {
    if (reminders >= REMINDERS_MAX) return;
    this.#at(this.#laws.remindWait(reminders, letter), () => {
      if (letter.deliveredAt !== undefined) return;
      this.#enqueue(1, () => ({
        arrive: () => letter.to.#fragment(letter, 0),
        leaves: () => this.#remind(letter, reminders + 1),
      }));
    });
  }

  /** A request to a provider, and its reply. */
  #request(replied: () => void): void {
    const { network } = this.#options;
    const answer = (): void => network.serve(() => this.#reply(replied));
    this.#enqueue(1, () => ({ arrive: answer, leaves: DO_NOTHING }));
  }

  /** From a provider into the own mailbox. */
  #reply(came: () => void): void {
    const { network, streams } = this.#options;
    const { delays } = streams;
    const { meanDelay } = this.#profile();
    network.fly({ meanDelay, delays, from: "provider", arrive: () => this.deposit(came) });
  }

  /** The cursor goes with the question; the answer comes two ways of the line later. */
  #poll(): void {
    const { network } = this.#options;
    const cursor = this.#taken;
    network.polled();
    this.#line.up = Math.max(this.#line.up, this.#now() + network.linkTime());
    this.#at(this.#line.up - this.#now(), () => {
      if (cursor > 0) this.#mailbox = dropUntil(this.#mailbox, cursor);
      const behind = this.#given.polled(cursor);
      const entry = this.#after(behind) ?? this.#after(cursor);
      if (entry !== undefined) this.#given.gave(entry.seq);
      network.answered();
      this.#line.down = Math.max(this.#line.down, this.#now() + network.answerTime());
      this.#at(this.#line.down - this.#now(), () => {
        if (entry === undefined || entry.seq <= this.#taken) return;
        this.#taken = entry.seq;
        entry.read();
      });
    });
  }

  /** The first entry behind a number that the provider can give now. */
  #after(number: number): MailboxEntry | undefined {
    const entry = this.#mailbox.find(({ seq }) => seq > number);
    return entry !== undefined && entry.visibleAt <= this.#now() ? entry : undefined;
  }

  #at(wait: number, task: () => void): void {
    const { clock } = this.#options;
    clock.at(milliseconds(clock.now() + wait), task);
  }

  #profile(): Profile {
    return this.#options.profiles.at(this.#now());
  }

  #now(): Milliseconds {
    return this.#options.clock.now();
  }
}

const NOTHING = new Uint8Array(0);
const DO_NOTHING = (): void => undefined;

/** The mailbox without what its reader has. */
function dropUntil(entries: MailboxEntry[], cursor: number): MailboxEntry[] {
  const [first] = entries;
  return first === undefined || first.seq > cursor ? entries : entries.filter(({ seq }) => seq > cursor);
}
