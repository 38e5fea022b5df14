/** The devices of an account: a new one is let in by a code, one that is lost is put out. Spec: docs/spec/07-mailbox.md §2.4-2.5 */

import { TransportError } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";
import { milliseconds } from "../core/units.ts";
import type { Clock } from "../core/clock.ts";
import type { Parameters } from "../core/parameters.ts";
import type { Suite } from "../crypto/suite.ts";
import { decodeDeviceList, type ListedDevice } from "../link/control.ts";
import { deviceToken, deviceTokenHash } from "../link/device-token.ts";
import type { Account } from "./account.ts";
import type { ControlChannel } from "./control-channel.ts";
import { decodeBundle, encodeBundle, openBundle, openNotice, sealBundle, sealNotice } from "./device-bundle.ts";
import { DEVICE_CODE_BYTES, decodeDeviceCode, encodeDeviceCode } from "./device-code.ts";
import { generationAt } from "./key-generations.ts";
import type { MailboxKeys } from "./mailbox-keys.ts";
import type { MailboxRatchet } from "./store.ts";

export interface DevicesDeps {
  readonly clock: Clock;
  readonly suite: Suite;
  readonly parameters: Parameters;
  readonly keys: RandomSource;
  readonly control: ControlChannel;
  readonly account: Account;
  readonly mailboxKeys: MailboxKeys;
}

export class Devices {
  readonly #deps: DevicesDeps;

  constructor(deps: DevicesDeps) {
    this.#deps = deps;
  }

  /** A code for one new device, good for a quarter of an hour. Throws PROVIDER_DOWN, REFUSED, NO_ACCOUNT. */
  async offer(extra: Uint8Array): Promise<string> {
    const { account, mailboxKeys, suite, keys, control } = this.#deps;
    await mailboxKeys.makeReady();
    const { stored } = account;
    const { ratchet } = mailboxKeys;
    if (stored?.opened === undefined || ratchet === undefined) throw new TransportError("NO_ACCOUNT");
    const { accountKey, certificate, profile, guards } = stored;
    const bundle = encodeBundle({ ratchet, keys: mailboxKeys.all, accountKey, certificate, profile, guards, extra });
    const code = keys.bytes(DEVICE_CODE_BYTES);
    const tokenHash = deviceTokenHash(suite, deviceToken(suite, code));
    await control.ask({ kind: "offer-device", tokenHash, bundle: sealBundle(suite, code, bundle) });
    return encodeDeviceCode(code);
  }

  /**
   * Makes this device one of the account; durable when it resolves, with what the other's program gave along. Asking again after
   * a failure is safe. Throws PROVIDER_DOWN, REFUSED, MALFORMED.
   */
  async join(text: string): Promise<Uint8Array> {
    const { account, mailboxKeys, suite, control } = this.#deps;
    const code = decodeDeviceCode(text);
    const answer = await control.request({ kind: "join-device", token: deviceToken(suite, code) });
    const opened = openBundle(suite, code, answer.body);
    if (answer.account === undefined || opened === undefined) throw new TransportError("REFUSED");
    const { ratchet, keys, accountKey, certificate, profile, guards, extra } = decodeBundle(opened);
    const pairs = keys.map((key) => Object.assign(key, { publicKey: publicKeyOf(suite, key.privateKey) }));
    await mailboxKeys.adopt(ratchet, pairs);
    await account.enter({ opened: answer.account, accountKey, certificate, profile, guards });
    return extra;
  }

  async list(): Promise<ListedDevice[]> {
    const { body } = await this.#deps.control.request({ kind: "list-devices" });
    return decodeDeviceList(body);
  }

  /**
   * The device gets nothing more, and the coming mailbox keys are made without it. This device learns the new secrets as the
   * others do: from the notice in the mailbox. Throws PROVIDER_DOWN, REFUSED, NO_ACCOUNT.
   */
  async remove(deviceKey: Uint8Array): Promise<void> {
    const { account, mailboxKeys, suite, keys, clock, parameters, control } = this.#deps;
    const { opened, ratchet } = { opened: account.opened, ratchet: mailboxKeys.ratchet };
    if (opened === undefined || ratchet === undefined) throw new TransportError("NO_ACCOUNT");
    const now = clock.now();
    const next: MailboxRatchet = {
      deviceSecret: keys.bytes(32),
      secret: keys.bytes(32),
      generation: generationAt(parameters, now),
      from: milliseconds(Math.floor(now)),
    };
    const { deviceSecret } = ratchet;
    const notice = sealNotice(suite, { deviceSecret, salt: keys.bytes(32), mailboxId: opened.mailboxId, next });
    await control.ask({ kind: "remove-device", deviceKey, notice });
  }

  /** A notice came out of the mailbox. What it means is durable when it resolves. */
  async noticed(entry: Uint8Array): Promise<void> {
    const { account, mailboxKeys, suite } = this.#deps;
    const { opened, ratchet } = { opened: account.opened, ratchet: mailboxKeys.ratchet };
    if (opened === undefined || ratchet === undefined) return;
    const { deviceSecret } = ratchet;
    const next = openNotice(suite, { deviceSecret, mailboxId: opened.mailboxId, entry });
    if (next !== undefined) await mailboxKeys.follow(next);
  }
}

function publicKeyOf({ sealKem }: Suite, privateKey: Uint8Array): Uint8Array {
  const pair = sealKem.open(privateKey.slice());
  const publicKey = pair.publicKey.slice();
  pair.destroy();
  return publicKey;
}
