/**
 * The account's boxes, as this device knows them: which are collected, which are told to others, and how far each has been read.
 * Spec: docs/spec/17-boxes.md §5
 */

import { equalBytes } from "../../core/bytes.ts";
import type { Cancel, Clock } from "../../core/clock.ts";
import type { Parameters } from "../../core/parameters.ts";
import type { RandomSource } from "../../core/random.ts";
import { wipe, withSecret } from "../../core/secret.ts";
import { type Milliseconds, milliseconds, type NodeId } from "../../core/units.ts";
import { BOX_SECRET_BYTES, boxIdOf } from "../../box/box-id.ts";
import type { Place } from "../../box/place.ts";
import type { Primitives } from "../../crypto/suite.ts";
import type { Consensus } from "../../directory/model.ts";
import type { ClientStore } from "../store.ts";
import { AbsentProviders } from "./absent-providers.ts";
import { type Announced, eraOf } from "./announcement.ts";
import {
  BOX_LIFE_TOLERANCE,
  BOX_LIFE_KEYS,
  BOXES_KEPT_MAX,
  PLACE_REST_MIN,
  PROGRESS_WAIT,
  TELL_AGAIN_AFTER,
  UNKNOWN_MAX,
} from "./limits.ts";
import {
  decodeBoxesOrNone,
  encodeBoxes,
  isOpen,
  laterFirst,
  newBox,
  type OpenBox,
  type OwnBox,
  READER_KEY_BYTES,
  wipeBox,
} from "./own-box.ts";
import { judge } from "./suspicion.ts";

export interface OwnBoxesDeps {
  readonly clock: Clock;
  readonly primitives: Primitives;
  readonly parameters: Pick<Parameters, "retention" | "mailboxKeyLifetime">;
  readonly store: Pick<ClientStore, "boxes" | "saveBoxes">;
  /** Secrets. */
  readonly keys: RandomSource;
  /** What all devices of the account have now; undefined without an account. */
  readonly deviceSecret: () => Uint8Array | undefined;
  /** The list in force, which also says that the clock is right. */
  readonly consensus: () => Consensus | undefined;
  /** One more is lost. */
  readonly onLost: () => void;
  /** One that was lost gives what lies in it, again. */
  readonly onFound: () => void;
}

export class OwnBoxes {
  readonly #deps: OwnBoxesDeps;
  /** Zeros until the store is read: slots come before, with secrets of no box. */
  #readerKey: Uint8Array = new Uint8Array(READER_KEY_BYTES);
  #boxes: OwnBox[] = [];
  #openAt: Milliseconds | undefined;
  #failures = 0;
  readonly #absent = new AbsentProviders();
  /** Of each box, the collects in a row that found none, and the last of them. */
  readonly #unknown = new WeakMap<OwnBox, { collects: number; last: number }>();
  /** Of each box that this device opened, when it heard the first announcement. */
  readonly #heardAt = new WeakMap<OwnBox, Milliseconds>();
  #saving: Promise<void> = Promise.resolve();
  #cancelSave: Cancel | undefined;
  #isLoaded = false;

  constructor(deps: OwnBoxesDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    const bytes = await this.#deps.store.boxes();
    const kept = bytes === undefined ? undefined : withSecret(bytes, decodeBoxesOrNone);
    this.#readerKey = kept?.readerKey ?? this.#deps.keys.bytes(READER_KEY_BYTES);
    this.#boxes = [...(kept?.boxes ?? [])];
    this.#openAt = kept?.openAt;
    this.#failures = kept?.failures ?? 0;
    this.#isLoaded = true;
  }

  /** Writes down how far each has been read, and wipes. */
  async stop(): Promise<void> {
    this.#cancelSave?.();
    if (this.#boxes.length > 0 || this.#cancelSave !== undefined) await this.#save().catch(() => undefined);
    await this.#saving.catch(() => undefined);
    for (const box of this.#boxes) wipeBox(box);
    wipe(this.#readerKey);
    this.#boxes = [];
    this.#isLoaded = false;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** 32 bytes, this device's own. A secret. */
  get readerKey(): Uint8Array {
    return this.#readerKey;
  }

  /** L of the specification. */
  get life(): Milliseconds {
    return milliseconds(BOX_LIFE_KEYS * this.#deps.parameters.mailboxKeyLifetime);
  }

  /** When the next one is to be opened, if that was drawn; how often that failed. Kept with the boxes. */
  get opening(): { readonly openAt: Milliseconds | undefined; readonly failures: number } {
    return { openAt: this.#openAt, failures: this.#failures };
  }

  planned(openAt: Milliseconds | undefined, failures: number): void {
    this.#openAt = openAt;
    this.#failures = failures;
    this.#saveLater();
  }

  /** Those whose provider has not said yet that they are there. */
  get wanted(): readonly OwnBox[] {
    return this.#boxes.filter(({ until }) => until === undefined);
  }

  /** Those that take entries and of which the account's devices have not heard. */
  unannounced(now: Milliseconds): readonly OpenBox[] {
    return this.#boxes.filter((box): box is OpenBox => isOpen(box) && box.era === undefined && box.until > now);
  }

  /**
   * Those that this device has to tell the others of: until it hears that itself, and once more when a device that was being let in then,
   * and was given those of before, has joined or never will.
   */
  toTell(now: Milliseconds): readonly OpenBox[] {
    const again = this.good(now).filter((box) => box.tellings > 0 && this.#isTimeAgain(box, now));
    return [...this.unannounced(now), ...again];
  }

  /** Those that all devices collect, the latest `until` first, and deleted by nobody yet. */
  collected(now: Milliseconds): readonly OpenBox[] {
    const { retention } = this.#deps.parameters;
    return this.#boxes
      .filter((box): box is OpenBox => isOpen(box) && box.era !== undefined && box.until + retention > now)
      .toSorted(laterFirst);
  }

  /** Those that take entries, but for those of devices that were put out. */
  taking(now: Milliseconds): readonly OwnBox[] {
    return this.#boxes.filter((box) => box.until === undefined || (box.until > now && this.#isOfNow(box)));
  }

  /** Those that others may be told of, the latest `until` first. */
  good(now: Milliseconds): readonly OpenBox[] {
    return this.#told(now).filter(({ isLost }) => !isLost);
  }

  /** And those that others would be told of if loops had come out of them. */
  #told(now: Milliseconds): readonly OpenBox[] {
    const secret = this.#deps.deviceSecret();
    if (secret === undefined) return [];
    const era = eraOf(this.#deps.primitives, secret);
    const consensus = this.#deps.consensus();
    return this.collected(now).filter(
      (box) => box.until > now && isSameEra(box, era) && !this.#absent.has(box.providerId, consensus),
    );
  }

  /** Those that others may still write to, the latest `until` first. */
  used(now: Milliseconds): readonly OpenBox[] {
    return this.good(now).filter((box) => isInUse(box, now));
  }

  /** Those that loops go into: those in use, and behind them those that were lost for what became of loops. */
  tried(now: Milliseconds): readonly OpenBox[] {
    return [...this.used(now), ...this.#told(now).filter((box) => box.isLost && !box.isGone && isInUse(box, now))];
  }

  /** Where this account wants to be written to now. */
  place(now: Milliseconds): Place | undefined {
    const [box] = this.used(now);
    if (box === undefined) return undefined;
    const { providerId, until, secret } = box;
    return { providerId, boxId: boxIdOf(this.#deps.primitives, secret), until };
  }

  /** A new one, written down before its provider hears of it. */
  async want(providerId: NodeId): Promise<OwnBox> {
    const secret = this.#deps.keys.bytes(BOX_SECRET_BYTES);
    const box = newBox({ secret, providerId, until: undefined, era: undefined, tellings: 2 });
    this.#boxes.push(box);
    await this.#save().catch((error: unknown) => {
      this.#remove(box);
      throw error;
    });
    return box;
  }

  /** It is there. Durable when it resolves. */
  async opened(box: OwnBox, until: Milliseconds): Promise<void> {
    box.until = until;
    await this.#save();
  }

  /** Its provider did not answer, or had no room. */
  forget(box: OwnBox): void {
    this.#remove(box);
    this.#saveLater();
  }

  /** An announcement came out of the mailbox, this device's own or another's. Durable when it resolves. */
  async announced({ secret, providerId, until }: Announced): Promise<void> {
    const deviceSecret = this.#deps.deviceSecret();
    if (deviceSecret === undefined || !this.#isLoaded) return;
    const era = eraOf(this.#deps.primitives, deviceSecret);
    // One of the account's devices may be in strange hands: no box lives so long.
    if (until > this.#deps.clock.now() + this.life + BOX_LIFE_TOLERANCE) return;
    const known = this.#boxes.find((box) => equalBytes(box.secret, secret));
    // Nor does a device end what others opened, or make it last.
    if (known !== undefined) this.#heard(Object.assign(known, { until: known.until ?? until, era }));
    else if (!this.#hasRoom()) return;
    else this.#boxes.push(newBox({ secret, providerId, until, era, tellings: 0 }));
    await this.#save();
  }

  /** An entry was dealt with, and what it means is durable. */
  took(box: OwnBox, number: number): void {
    box.progress.took(number);
    this.#saveLater();
  }

  /** What one of a collect's answers says of the box; `collect` is greater of each later one. */
  answered(box: OwnBox, collect: number, answer: { readonly next: number } | undefined): void {
    if (answer !== undefined) {
      this.#unknown.delete(box);
      box.progress.nextIs(answer.next);
      return this.#saveLater();
    }
    const { collects, last } = this.#unknown.get(box) ?? { collects: 0, last: -1 };
    if (last === collect) return;
    this.#unknown.set(box, { collects: collects + 1, last: collect });
    if (collects + 1 < UNKNOWN_MAX || box.isGone) return;
    box.isGone = true;
    this.#lose(box);
  }

  /** A loop through it came back, or what stands for it is lost. Kept through restarts: loops are few. */
  judged(box: OwnBox, isReturned: boolean): void {
    const [sum, made] = judge(box, isReturned);
    box.suspicion = sum;
    this.#saveLater();
    if (made === "lost") this.#lose(box);
    if (made !== "found") return;
    box.isLost = false;
    this.#deps.onFound();
  }

  /** Whether a box of this provider that would still take entries is lost. */
  hasLostAt(provider: NodeId, now: Milliseconds): boolean {
    return this.#boxes.some((box) => box.isLost && (box.until ?? 0) > now && equalBytes(box.providerId, provider));
  }

  /** Its announcement came out of the mailbox: the first, or that of a later time, not a copy of the first. */
  #heard(box: OwnBox): void {
    const now = this.#deps.clock.now();
    if (box.tellings === 2) this.#heardAt.set(box, now);
    if (box.tellings === 2 || (box.tellings === 1 && this.#isTimeAgain(box, now))) box.tellings--;
  }

  /** A start begins the wait anew. Also after the clock was put back. */
  #isTimeAgain(box: OwnBox, now: Milliseconds): boolean {
    const heardAt = this.#heardAt.get(box) ?? now;
    this.#heardAt.set(box, heardAt);
    return Math.abs(now - heardAt) > TELL_AGAIN_AFTER;
  }

  #lose(box: OwnBox): void {
    this.#saveLater();
    if (box.isLost) return;
    box.isLost = true;
    this.#deps.onLost();
  }

  /** There is a new list of nodes: who is not in it, and whose time is over. */
  listed(now: Milliseconds): void {
    const consensus = this.#deps.consensus();
    if (consensus === undefined || !this.#isLoaded) return;
    this.#absent.listed(consensus, this.#boxes);
    const { retention } = this.#deps.parameters;
    const isOver = ({ until, era }: OwnBox): boolean =>
      until !== undefined && until + (era === undefined ? 0 : retention) <= now;
    const over = this.#boxes.filter(isOver);
    for (const box of over) this.#remove(box);
    if (over.length > 0) this.#saveLater();
  }

  /** For one more: what takes nothing any more goes for it, or what a device told of that was put out since, and nothing else. */
  #hasRoom(): boolean {
    const now = this.#deps.clock.now();
    const open = this.#boxes.filter(isOpen);
    if (open.length < BOXES_KEPT_MAX) return true;
    const [worst] = open
      .filter((box) => box.until <= now || !this.#isOfNow(box))
      .toSorted(laterFirst)
      .slice(-1);
    if (worst === undefined) return false;
    this.#remove(worst);
    return true;
  }

  /** Of a device that was there since the last one was put out. */
  #isOfNow(box: OwnBox): boolean {
    const secret = this.#deps.deviceSecret();
    if (box.era === undefined || secret === undefined) return true;
    return isSameEra(box, eraOf(this.#deps.primitives, secret));
  }

  #remove(box: OwnBox): void {
    this.#boxes = this.#boxes.filter((other) => other !== box);
    wipeBox(box);
  }

  #saveLater(): void {
    if (this.#cancelSave !== undefined || !this.#isLoaded) return;
    const { clock } = this.#deps;
    this.#cancelSave = clock.at(milliseconds(clock.now() + PROGRESS_WAIT), () => {
      // What is not written now is written with the next change.
      void this.#save().catch(() => undefined);
    });
  }

  /** One after the other, each with what is known when its turn comes. */
  #save(): Promise<void> {
    const save = async (): Promise<void> => {
      this.#cancelSave?.();
      this.#cancelSave = undefined;
      const [readerKey, openAt, failures, boxes] = [this.#readerKey, this.#openAt, this.#failures, this.#boxes];
      const bytes = encodeBoxes({ readerKey, openAt, failures, boxes });
      await this.#deps.store.saveBoxes(bytes).finally(() => wipe(bytes));
    };
    this.#saving = this.#saving.then(save, save);
    return this.#saving;
  }
}

const isInUse = ({ until }: OpenBox, now: Milliseconds): boolean => until - now > PLACE_REST_MIN;
const isSameEra = ({ era }: OwnBox, now: Uint8Array): boolean => era !== undefined && equalBytes(era, now);
