/** The devices of an account: a new one is let in by a code, one that is lost is put out. Spec: docs/spec/07-mailbox.md §2.4-2.6 */

import { equalBytes } from "../core/bytes.ts";
import { TransportError, type TransportErrorCode } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";
import { withSecret, wipe } from "../core/secret.ts";
import { meanInterval, type Milliseconds, milliseconds } from "../core/units.ts";
import type { Clock } from "../core/clock.ts";
import type { Parameters } from "../core/parameters.ts";
import type { Suite } from "../crypto/suite.ts";
import { type ControlAccount, decodeDeviceList } from "../link/control.ts";
import { deviceToken, deviceTokenHash } from "../link/device-token.ts";
import type { Account } from "./account.ts";
import { adoptBoxes, boxesToBundle } from "./boxes/bundled-boxes.ts";
import { wipeBox } from "./boxes/own-box.ts";
import type { ControlChannel } from "./control-channel.ts";
import {
  decodeBundle,
  type DeviceBundle,
  encodeBundle,
  openBundle,
  openNotice,
  sealBundle,
  sealNotice,
} from "./device-bundle.ts";
import { DEVICE_CODE_BYTES, decodeDeviceCode, encodeDeviceCode } from "./device-code.ts";
import { openLabel, sealLabel } from "./device-label.ts";
import { generationAt } from "./key-generations.ts";
import { BUNDLE_KEYS_MAX, NOTICE_POLLS } from "./limits.ts";
import type { MailboxKeys } from "./mailbox-keys.ts";
import type { ClientStore, MailboxRatchet } from "./store.ts";
import type { Device } from "./types.ts";

export interface DevicesDeps {
  readonly clock: Clock;
  readonly suite: Suite;
  readonly parameters: Parameters;
  readonly keys: RandomSource;
  readonly control: ControlChannel;
  readonly account: Account;
  readonly mailboxKeys: MailboxKeys;
  readonly store: Pick<ClientStore, "boxes" | "saveBoxes">;
  /** Why no list is in force, which alone says that the clock is right; undefined while one is. */
  readonly problem: () => TransportErrorCode | undefined;
}

export class Devices {
  readonly #deps: DevicesDeps;
  /** The secret under which this device sealed its last notice: in use until that has come out of the mailbox. */
  #sealedUnder: Uint8Array | undefined;
  /** Removals that wait for it. */
  readonly #waiting = new Set<() => void>();

  constructor(deps: DevicesDeps) {
    this.#deps = deps;
  }

  /** A code for one new device, good for a quarter of an hour. Throws PROVIDER_DOWN, REFUSED, NO_ACCOUNT. */
  async offer(extra: Uint8Array): Promise<string> {
    const { account, mailboxKeys, suite, keys, control, clock, parameters } = this.#deps;
    await mailboxKeys.makeReady();
    const { stored } = account;
    const { ratchet } = mailboxKeys;
    if (stored?.opened === undefined || ratchet === undefined) throw new TransportError("NO_ACCOUNT");
    const { opened, accountKey, certificate, profile, guards } = stored;
    // Each removal adds one: what the oldest open is in no mailbox any more, or soon.
    const pairs = mailboxKeys.all.slice(0, BUNDLE_KEYS_MAX);
    const { deviceSecret } = ratchet;
    const boxes = await boxesToBundle(this.#deps, { deviceSecret, now: clock.now(), retention: parameters.retention });
    const shared = { opened, ratchet, keys: pairs, accountKey, certificate, profile, guards, boxes };
    const code = keys.bytes(DEVICE_CODE_BYTES);
    try {
      const tokenHash = withSecret(deviceToken(suite, code), (token) => deviceTokenHash(suite, token));
      const bundle = withSecret(encodeBundle({ ...shared, extra }), (bytes) => sealBundle(suite, code, bytes));
      await control.ask({ kind: "offer-device", tokenHash, bundle });
      return encodeDeviceCode(code);
    } finally {
      wipe(code);
      for (const box of boxes) wipeBox(box);
    }
  }

  /** No code lets anybody in any more. Throws PROVIDER_DOWN, NO_ACCOUNT, REFUSED when a device has used it. */
  async withdraw(): Promise<void> {
    await this.#deps.control.ask({ kind: "withdraw-offer" });
  }

  /**
   * Makes this device one of the account; durable when it resolves, with what the other's program gave along. Asking again after
   * a failure is safe. Throws PROVIDER_DOWN, REFUSED (no such code, any more), MALFORMED (no code at all), TOO_MANY_DEVICES,
   * SEAL_FAILED, ACCOUNT_DIFFERS, DEVICE_NEWER, DEVICE_OLDER.
   */
  async join(text: string): Promise<Uint8Array> {
    const { account, mailboxKeys, suite } = this.#deps;
    const before = account.opened;
    const { answered, bundle } = await this.#takeBundle(decodeDeviceCode(text));
    const { opened, ratchet, keys, accountKey, certificate, profile, guards, extra } = bundle;
    // The provider could put this device into another account than the one that its owner is writing from.
    if (!isSame(answered, opened)) throw new TransportError("ACCOUNT_DIFFERS");
    // What is on a device that joins again is one account's, and stays so.
    if (before !== undefined && !isSame(before, opened)) throw new TransportError("ACCOUNT_DIFFERS");
    const pairs = keys.map((key) => Object.assign(key, { publicKey: publicKeyOf(suite, key.privateKey) }));
    await adoptBoxes(this.#deps, { deviceSecret: ratchet.deviceSecret, boxes: bundle.boxes });
    await mailboxKeys.adopt(ratchet, pairs);
    await account.enter({ opened, accountKey, certificate, profile, guards });
    return extra;
  }

  /** Uses the code up. */
  async #takeBundle(code: Uint8Array): Promise<{ answered: ControlAccount | undefined; bundle: DeviceBundle }> {
    const { suite, control } = this.#deps;
    try {
      const token = deviceToken(suite, code);
      const answer = await control.request({ kind: "join-device", token });
      const bytes = openBundle(suite, code, answer.body);
      if (bytes === undefined) throw new TransportError("SEAL_FAILED");
      return { answered: answer.account, bundle: withSecret(bytes, decodeBundle) };
    } finally {
      wipe(code);
    }
  }

  /** Throws PROVIDER_DOWN, NO_ACCOUNT. */
  async list(): Promise<Device[]> {
    const { suite, control, account } = this.#deps;
    const accountKey = account.stored?.accountKey;
    const { body } = await control.request({ kind: "list-devices" });
    return decodeDeviceList(body).map((device) => {
      const { deviceKey, label } = device;
      const says = accountKey === undefined ? undefined : openLabel(suite, { accountKey, deviceKey, label });
      return Object.assign(device, { name: says?.name, since: says?.since });
    });
  }

  /** What the account's devices call one of them. Throws PROVIDER_DOWN, REFUSED, NO_ACCOUNT; RangeError for too long a name. */
  async name(o: { deviceKey: Uint8Array; name: string; since: Milliseconds }): Promise<void> {
    const { suite, control, account, keys } = this.#deps;
    const { stored } = account;
    if (stored?.opened === undefined) throw new TransportError("NO_ACCOUNT");
    const label = sealLabel(suite, { ...o, accountKey: stored.accountKey, salt: keys.bytes(32) });
    await control.ask({ kind: "label-device", deviceKey: o.deviceKey, label });
  }

  /**
   * The device gets nothing more, and the coming mailbox keys are made without it. This device learns the new secrets as the
   * others do: from the notice in the mailbox. While one of an earlier removal, anybody's, is on its way here, this one waits.
   * Throws PROVIDER_DOWN, REFUSED, NO_ACCOUNT; CLOCK_WRONG, or what else is wrong with the list of nodes, while none is in force.
   */
  async remove(deviceKey: Uint8Array): Promise<void> {
    const { clock, parameters } = this.#deps;
    const poll = meanInterval(parameters.profiles.mail.pollRate);
    const until = clock.now() + NOTICE_POLLS * poll;
    while (!(this.#lastHasCome && (await this.#askToRemove(deviceKey)))) {
      if (clock.now() >= until) throw new TransportError("PROVIDER_DOWN", "An earlier removal is still on its way.");
      await this.#noticeOr(poll);
    }
  }

  /** False when a notice that this device has not collected is in the mailbox: what it sealed would open for nobody. */
  async #askToRemove(deviceKey: Uint8Array): Promise<boolean> {
    const { account, mailboxKeys, suite, keys, clock, parameters, control, problem } = this.#deps;
    // All devices make their keys by what this clock says: a week behind, they would lose those in force; a year ahead, have none.
    const wrong = problem();
    if (wrong !== undefined) throw new TransportError(wrong);
    const { opened, ratchet } = { opened: account.opened, ratchet: mailboxKeys.ratchet };
    if (opened === undefined || ratchet === undefined) throw new TransportError("NO_ACCOUNT");
    const next: MailboxRatchet = {
      deviceSecret: keys.bytes(32),
      secret: keys.bytes(32),
      generation: generationAt(parameters, clock.now()),
      from: milliseconds(Math.floor(clock.now())),
    };
    const { deviceSecret } = ratchet;
    const notice = sealNotice(suite, { deviceSecret, salt: keys.bytes(32), mailboxId: opened.mailboxId, next });
    const answer = await control.requestUnlessBusy({ kind: "remove-device", deviceKey, notice });
    if (answer === undefined) return false;
    this.#sealedUnder = deviceSecret;
    return true;
  }

  /** Under the same secret, a second notice would open for nobody: all have another by then, and so has whom it is to put out. */
  get #lastHasCome(): boolean {
    return this.#sealedUnder === undefined || this.#deps.mailboxKeys.ratchet?.deviceSecret !== this.#sealedUnder;
  }

  /** Resolves when a notice came out of the mailbox, at the latest after `time`. */
  #noticeOr(time: Milliseconds): Promise<void> {
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        this.#waiting.delete(finish);
        resolve();
      };
      const cancel = clock.at(milliseconds(clock.now() + time), finish);
      this.#waiting.add(finish);
    });
  }

  /** A notice came out of the mailbox. What it means is durable when it resolves. */
  async noticed(entry: Uint8Array): Promise<void> {
    const { account, mailboxKeys, suite } = this.#deps;
    const { opened, ratchet } = { opened: account.opened, ratchet: mailboxKeys.ratchet };
    if (opened === undefined || ratchet === undefined) return;
    const { deviceSecret } = ratchet;
    const next = openNotice(suite, { deviceSecret, mailboxId: opened.mailboxId, entry });
    if (next === undefined) return;
    await mailboxKeys.follow(next);
    for (const finish of this.#waiting) finish();
  }
}

function isSame(said: ControlAccount | undefined, known: ControlAccount): boolean {
  return (
    said?.address === known.address &&
    equalBytes(said.providerId, known.providerId) &&
    equalBytes(said.mailboxId, known.mailboxId)
  );
}

function publicKeyOf({ sealKem }: Suite, privateKey: Uint8Array): Uint8Array {
  const pair = sealKem.open(privateKey.slice());
  const publicKey = pair.publicKey.slice();
  pair.destroy();
  return publicKey;
}
