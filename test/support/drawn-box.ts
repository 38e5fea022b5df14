/**
 * One device, one box and the mixes between them as laws of chance: what a client makes of its box loops, over years. Which entry is given
 * when is decided by the provider's own rules (provider-server/boxes/given-entries.ts).
 */

import { lostAfter } from "#transport/box/limits.ts";
import { GivenEntries } from "#provider-server/boxes/given-entries.ts";
import { BoxHealth } from "#transport/client/boxes/box-health.ts";
import { BoxProgress } from "#transport/client/boxes/box-progress.ts";
import { BOX_LOOP_EPOCHS } from "#transport/client/boxes/limits.ts";
import type { OpenBox } from "#transport/client/boxes/own-box.ts";
import { TimeLaws } from "#transport/client/time-laws.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { exponential, type RandomSource, uniform } from "#transport/core/random.ts";
import { type MessageId, messageId, type Milliseconds, milliseconds, nodeId } from "#transport/core/units.ts";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The mail profile. */
const PARAMETERS = LIVE_PARAMETERS;
const { mail } = PARAMETERS.profiles;
const JOURNEY = 3 * mail.meanDelay;
const POLL = 1000 / mail.pollRate;
const DROP_GAP = 1000 / (mail.sendRate * mail.dropShare);
/** The latest box has three collects and loops of four. */
const COLLECT_GAP = milliseconds(DROP_GAP / 0.75);
const LOOP_GAP = milliseconds((BOX_LOOP_EPOCHS * PARAMETERS.epoch.duration) / 0.75);
/** Who waits for the question waits so long: one in a hundred comes later. */
const HOLD = milliseconds(600_000);
const PAYLOAD_GAP = milliseconds(1000 / (mail.sendRate * mail.payloadShare));
const LINKS = 4;
/** Who answers now and then does so before the collects in between are a silence. */
const NOW_AND_THEN = PARAMETERS.epoch.duration / 2;

/** What the provider does beside what it should. */
export type Behaviour =
  | "honest"
  | "gives nothing"
  | "answers nothing"
  | "invents entries"
  | "invents entries now and then"
  | "drops half"
  | "keeps what is asked about"
  | "keeps what nobody asks about"
  | "keeps what comes again";

/** A packet that its provider has and gives nobody. */
interface Held {
  isKept: boolean;
  isThere: boolean;
}

export class DrawnBox {
  readonly clock = new VirtualClock({ start: milliseconds(1e12), taskLimit: 1e9 });
  readonly fates: boolean[] = [];
  sent = 0;
  behaviour: Behaviour = "honest";
  /** Lost on each link. */
  loss = 0.01;
  /** Of all loops. */
  askedFor = 0.5;
  readonly #random: RandomSource;
  readonly #laws: TimeLaws;
  readonly #given: GivenEntries;
  readonly #health: BoxHealth;
  /** By number from 1: a loop's id, or something else. */
  readonly #entries: (MessageId | undefined)[] = [];
  readonly #box: OpenBox;
  #answeredAt = 0;
  #isOn = true;

  constructor(seed: string) {
    this.#random = new SeededRandom(seed);
    this.#laws = new TimeLaws({ random: this.#random, profile: () => mail, parameters: PARAMETERS });
    this.#given = new GivenEntries({ clock: this.clock, lostAfter: lostAfter(PARAMETERS) });
    const known = { secret: new Uint8Array(32), providerId: nodeId(new Uint8Array(32)), until: milliseconds(1e15) };
    const none = { era: new Uint8Array(16), isLost: false, isGone: false, suspicion: 0, tellings: 0 };
    this.#box = { ...known, ...none, progress: new BoxProgress() };
    this.#health = new BoxHealth({
      clock: this.clock,
      boxes: { collected: () => [this.#box], judged: (_, isReturned) => void this.fates.push(isReturned) },
      parameters: PARAMETERS,
      profile: () => mail,
      journey: milliseconds(JOURNEY),
      isOwnProviderGood: () => true,
    });
    this.#each(LOOP_GAP, () => this.#loop());
    this.#each(COLLECT_GAP, () => this.#collect());
    this.#each(milliseconds(10 * POLL), () => this.#health.mailboxIsEmpty(this.clock.now()));
  }

  /** Mail: so many entries at once. */
  put(count: number): void {
    for (let n = 0; n < count; n++) this.#entries.push(undefined);
  }

  /** The program, the computer: while it is off nothing leaves, and what comes waits. */
  set isOn(isOn: boolean) {
    this.#isOn = isOn;
  }

  #each(mean: Milliseconds, does: () => void): void {
    this.clock.at(milliseconds(this.clock.now() + exponential(this.#random, mean)), () => {
      if (this.#isOn) does();
      this.#each(mean, does);
    });
  }

  /** Through the mixes, unless it is lost. */
  #travels(arrives: () => void): void {
    if (uniform(this.#random) >= (1 - this.loss) ** LINKS) return;
    const mixes = [0, 1, 2].reduce((time) => time + exponential(this.#random, mail.meanDelay), 0);
    this.clock.at(milliseconds(this.clock.now() + mixes), arrives);
  }

  #loop(): void {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, this.sent++);
    const id = messageId(bytes);
    this.#health.sent(this.#box, id, this.clock.now());
    const isDropped = this.behaviour === "drops half" && uniform(this.#random) < 0.5;
    const held = this.behaviour.startsWith("keeps") ? { isKept: false, isThere: false } : undefined;
    const isAskedFor = held !== undefined && uniform(this.#random) < this.askedFor;
    if (isAskedFor && this.behaviour === "keeps what comes again") this.#sendAgain(id, held);
    else if (isAskedFor) this.#askFor(id, held);
    this.#travels(() => {
      if (held !== undefined) this.#hold(id, held);
      else if (!isDropped) this.#entries.push(id);
    });
  }

  /** Until it is asked for, or nobody will. */
  #hold(id: MessageId, held: Held): void {
    held.isThere = true;
    if (this.behaviour === "keeps what nobody asks about") return;
    this.clock.at(milliseconds(this.clock.now() + HOLD), () => {
      if (!held.isKept) this.#entries.push(id);
      held.isThere = false;
    });
  }

  /** Who asked was told that it is not there: what then comes is mail, and mail is what came before. */
  #sendAgain(id: MessageId, held: Held): void {
    const slots = exponential(this.#random, PAYLOAD_GAP) + exponential(this.#random, PAYLOAD_GAP);
    const waits = this.#laws.askWait() + this.#laws.repeatWait();
    // Question and answer are on their way for as long as two packets.
    const answered = 2 * JOURNEY;
    this.clock.at(milliseconds(this.clock.now() + waits + slots + answered), () => {
      this.#health.sentAgain(id, this.clock.now());
      this.#travels(() => {
        held.isKept = true;
      });
    });
  }

  /** As a writer asks for a mail of one fragment, in the next payload slot. */
  #askFor(id: MessageId, held: Held): void {
    const slot = exponential(this.#random, PAYLOAD_GAP);
    this.clock.at(milliseconds(this.clock.now() + this.#laws.askWait() + slot), () => {
      this.#travels(() => {
        held.isKept = true;
        if (held.isThere && this.behaviour === "keeps what nobody asks about") this.#entries.push(id);
      });
    });
  }

  #collect(): void {
    const asked = this.clock.now();
    const { cursor, taken } = this.#box.progress;
    this.#health.asked(this.#box, asked);
    this.#travels(() => {
      if (this.behaviour === "answers nothing") return;
      this.#given.asked("reader", { cursor, taken });
      const answers = PARAMETERS.boxReplies;
      for (let i = 0; i < answers; i++) {
        const delay = ((i + uniform(this.#random)) / answers) * DROP_GAP;
        this.clock.at(milliseconds(this.clock.now() + delay), () => this.#answer(asked));
      }
    });
  }

  #answer(asked: Milliseconds): void {
    const isSeldom = this.behaviour === "invents entries now and then";
    if (isSeldom && this.clock.now() - this.#answeredAt < NOW_AND_THEN) return;
    this.#answeredAt = this.clock.now();
    const number = this.#next();
    const isInvented = isSeldom || this.behaviour === "invents entries";
    this.#travels(() => {
      this.clock.at(milliseconds(this.clock.now() + exponential(this.#random, milliseconds(POLL))), () => {
        const what = number !== undefined || isInvented ? "entry" : "nothing";
        this.#health.answered(this.#box, { what, asked });
        if (number === undefined) return;
        const id = this.#entries[number - 1];
        if (id !== undefined) this.#health.returned(this.#box, id);
        this.#box.progress.took(number);
      });
    });
  }

  #next(): number | undefined {
    if (this.behaviour === "gives nothing" || this.behaviour.startsWith("invents entries")) return undefined;
    for (let number = this.#given.cursor("reader") + 1; number <= this.#entries.length; number++) {
      if (!this.#given.isWanted("reader", number)) continue;
      this.#given.give("reader", number);
      return number;
    }
    return undefined;
  }
}
