/**
 * The account at the provider: sign-up over the link, and the mailbox record with its keys, uploaded on a schedule that
 * only chance moves. Spec: docs/spec/01-message.md §5, docs/spec/07-mailbox.md §2-3
 */

import type { Cancel, Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import type { Parameters } from "../core/parameters.ts";
import { exponential, type RandomSource, uniform } from "../core/random.ts";
import { type MailboxId, mailboxId, type Milliseconds, milliseconds } from "../core/units.ts";
import type { Suite } from "../crypto/suite.ts";
import { signMailboxRecord } from "../directory/mailbox-record.ts";
import { REPLY_ID_BYTES } from "../link/control-limits.ts";
import type { ControlChannel } from "./control-channel.ts";
import { partOf } from "./key-generations.ts";
import type { MailboxKeys } from "./mailbox-keys.ts";
import type { ClientStore, StoredAccount } from "./store.ts";
import type { SignedUp } from "./types.ts";

export interface AccountDeps {
  readonly clock: Clock;
  /** Draws when to upload. */
  readonly schedule: RandomSource;
  readonly keys: RandomSource;
  readonly suite: Suite;
  readonly parameters: Parameters;
  readonly store: ClientStore;
  readonly control: ControlChannel;
  readonly mailboxKeys: MailboxKeys;
}

/** Mean wait before a failed upload is tried again. */
const RETRY_MEAN: Milliseconds = milliseconds(60_000);
const ACCOUNT_KEY_BYTES = 32;

export class Account {
  readonly #deps: AccountDeps;
  #stored: StoredAccount | undefined;
  #saving: Promise<void> = Promise.resolve();
  #cancel: Cancel = () => undefined;
  #next: Milliseconds | undefined;
  #stopped = false;
  #prune: (before: Milliseconds) => Promise<unknown> = async () => undefined;

  constructor(deps: AccountDeps) {
    this.#deps = deps;
  }

  get stored(): StoredAccount | undefined {
    return this.#stored;
  }

  get opened(): NonNullable<StoredAccount["opened"]> | undefined {
    return this.#stored?.opened;
  }

  get signedUp(): SignedUp | undefined {
    const { opened } = this;
    const seed = this.#stored?.accountKey;
    if (opened === undefined || seed === undefined) return undefined;
    return { ...opened, accountKey: this.#deps.suite.ed25519.publicKey(seed) };
  }

  async load(): Promise<void> {
    this.#stored = await this.#deps.store.account();
    // Of before each device had a place for replies of its own: it is made now, and told with the next upload, which is soon.
    if (this.#stored !== undefined && this.#stored.replyId === undefined) await this.save(TO_BE_TOLD);
  }

  /** The account key is on disk before the provider hears of it, so that a sign-up that was cut short can be repeated. */
  async signUp(options: { localPart: string; invite: string; certificate: Uint8Array }): Promise<SignedUp> {
    const { control, suite, keys } = this.#deps;
    const { localPart, invite, certificate } = options;
    const accountKey = this.#stored?.accountKey ?? keys.bytes(ACCOUNT_KEY_BYTES);
    await this.save({ accountKey, certificate });
    const publicKey = suite.ed25519.publicKey(accountKey);
    const opened = await control.ask({ kind: "sign-up", localPart, invite, accountKey: publicKey });
    if (opened === undefined) throw new TransportError("REFUSED");
    await this.save({ opened });
    await this.upload();
    return this.signedUp as SignedUp;
  }

  /** Another device let this one in. Durable when it resolves. */
  async enter(
    given: Pick<StoredAccount, "opened" | "accountKey" | "certificate" | "profile" | "guards">,
  ): Promise<void> {
    await this.save({ ...given, ...TO_BE_TOLD });
  }

  /** Durable when it resolves. Each change is made to what the one before has left: of two at once neither undoes the other. */
  save(change: Partial<StoredAccount>): Promise<void> {
    const saving = this.#saving.then(() => this.#write(change));
    this.#saving = saving.catch(() => undefined);
    return saving;
  }

  async #write(change: Partial<StoredAccount>): Promise<void> {
    const before = this.#stored ?? NEW_ACCOUNT;
    const replyId = this.#stored?.replyId ?? this.#deps.keys.bytes(REPLY_ID_BYTES);
    const next = { ...before, ...change, replyId } as StoredAccount;
    await this.#deps.store.saveAccount(next);
    this.#stored = next;
  }

  /**
   * Publishes the record, with a new key when the newest is near its end, and says where replies to this device come. Throws
   * PROVIDER_DOWN, REFUSED, NO_ACCOUNT.
   */
  async upload(): Promise<void> {
    const { suite, control, mailboxKeys } = this.#deps;
    const stored = this.#stored;
    if (stored?.opened === undefined) throw new TransportError("NO_ACCOUNT");
    const key = await mailboxKeys.renew();
    const record = signMailboxRecord({
      record: {
        ...stored.opened,
        mailboxKey: key.publicKey,
        validFrom: key.validFrom,
        validUntil: key.validUntil,
        certificate: stored.certificate,
        accountKey: suite.ed25519.publicKey(stored.accountKey),
      },
      accountSeed: stored.accountKey,
      suite,
    });
    await control.ask({ kind: "put-record", record, replyId: this.replyTo });
    await this.save({ recordUntil: key.validUntil });
  }

  /**
   * What a SURB names in place of the mailbox id, which everybody can know: who floods mailboxes with replies that nobody
   * asked for would have to know this. This device's own: its provider has it since it signed up or joined. Throws NO_ACCOUNT.
   */
  get replyTo(): MailboxId {
    const { opened, replyId } = this.#stored ?? {};
    if (opened === undefined || replyId === undefined) throw new TransportError("NO_ACCOUNT");
    return mailboxId(replyId);
  }

  /**
   * Begins the schedule: one upload at a random moment of each part of a key's lifetime, whether anything changed or not. With each,
   * what is two retention times old is forgotten by `prune`, on the disk and in memory.
   */
  start(prune: (before: Milliseconds) => Promise<unknown>): void {
    this.#stopped = false;
    this.#prune = prune;
    this.#plan(this.#stored?.recordUntil === this.#deps.mailboxKeys.current?.validUntil);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#next = undefined;
  }

  /** When the record is uploaded next; undefined when nothing is planned. */
  get next(): Milliseconds | undefined {
    return this.#next;
  }

  #plan(isUploaded: boolean): void {
    if (this.#stopped) return;
    const { clock, schedule, parameters } = this.#deps;
    const now = clock.now();
    const part = partOf(parameters);
    const time = isUploaded
      ? (Math.floor(now / part) + 1 + uniform(schedule)) * part
      : now + exponential(schedule, milliseconds(Math.min(RETRY_MEAN, part / 10)));
    this.#next = milliseconds(time);
    this.#cancel = clock.at(this.#next, () => {
      this.#next = undefined;
      void this.#turn();
    });
  }

  async #turn(): Promise<void> {
    const { clock, parameters, mailboxKeys } = this.#deps;
    // By a clock that is ahead it would be the record of a coming pair, which no other clock takes, and none before it any more.
    if (!mailboxKeys.isClockGood) return this.#plan(false);
    const done = await this.upload().then(
      () => true,
      () => false, // Tried again soon; the record that is there still holds.
    );
    if (done && !this.#stopped && mailboxKeys.isClockGood) {
      const now = clock.now();
      const housekeeping = [mailboxKeys.erase(now), this.#prune(milliseconds(now - 2 * parameters.retention))];
      await Promise.allSettled(housekeeping); // What fails now is done at the next turn.
    }
    this.#plan(done);
  }
}

/** No record was confirmed yet in which the provider was told where replies to this device come. */
const TO_BE_TOLD = { recordUntil: milliseconds(0) } as const;

const NEW_ACCOUNT: Omit<StoredAccount, "accountKey" | "certificate"> = {
  opened: undefined,
  profile: "mail",
  nextProfile: undefined,
  guards: [],
  ...TO_BE_TOLD,
};
