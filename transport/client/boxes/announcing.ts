/** Tells the account's devices, this one too, of each box that it opened, until that comes out of the mailbox, twice. Spec: docs/spec/17-boxes.md §5 */

import type { Clock } from "../../core/clock.ts";
import type { Parameters } from "../../core/parameters.ts";
import type { RandomSource } from "../../core/random.ts";
import { type MailboxId, MESSAGE_ID_BYTES, messageId, type Milliseconds, type NodeId } from "../../core/units.ts";
import { withSecret } from "../../core/secret.ts";
import { encodeFragment, type Fragment } from "../../fragment/fragment.ts";
import { split } from "../../fragment/split.ts";
import type { Sphinx } from "../../sphinx/sphinx.ts";
import type { Payload, PayloadContender, PayloadSource } from "../payload.ts";
import { encodeAnnouncement } from "./announcement.ts";
import { ANNOUNCEMENT_DOUBLINGS_MAX, ANNOUNCEMENT_PATIENCE } from "./limits.ts";
import type { OpenBox } from "./own-box.ts";
import type { OwnBoxes } from "./own-boxes.ts";

export interface AnnouncingDeps {
  readonly clock: Clock;
  readonly boxes: OwnBoxes;
  readonly sphinx: Sphinx;
  readonly parameters: Pick<Parameters, "fragmentStep">;
  readonly padding: RandomSource;
  readonly nextOrder: () => number;
  /** Mean time that a packet spends in mixes. */
  readonly journey: Milliseconds;
  readonly own: { readonly providerId: NodeId; readonly mailboxId: MailboxId };
  readonly mailboxKey: () => Uint8Array;
  readonly deviceSecret: () => Uint8Array | undefined;
}

interface Told {
  readonly order: number;
  at: Milliseconds | undefined;
  times: number;
}

export class Announcing implements PayloadSource {
  readonly #deps: AnnouncingDeps;
  /** Of each box since when it has its place in the queue, when it was last told, and how often that was said in vain. */
  readonly #told = new WeakMap<OpenBox, Told>();

  constructor(deps: AnnouncingDeps) {
    this.#deps = deps;
  }

  *contenders(now: Milliseconds): Iterable<PayloadContender> {
    const { boxes, nextOrder, own, journey, deviceSecret } = this.#deps;
    const secret = deviceSecret();
    if (secret === undefined) return;
    for (const box of boxes.toTell(now)) {
      const told = this.#told.get(box) ?? { order: nextOrder(), at: undefined, times: 0 };
      this.#told.set(box, told);
      // Also after the clock was put back.
      const patience = ANNOUNCEMENT_PATIENCE * journey * 2 ** Math.min(told.times - 1, ANNOUNCEMENT_DOUBLINGS_MAX);
      const isDue = told.at === undefined || Math.abs(now - told.at) > patience;
      if (isDue) yield { left: 1, order: told.order, provider: own.providerId, take: () => this.#take(box, secret) };
    }
  }

  #take(box: OpenBox, deviceSecret: Uint8Array): Payload {
    const { sphinx, clock, own, mailboxKey, padding } = this.#deps;
    const told = this.#told.get(box);
    if (told !== undefined) told.at = clock.now();
    return {
      cargo: "box",
      content: {
        destination: { command: "mailbox", recipient: own.mailboxId },
        plaintext: encodeFragment(sphinx.geometry, this.#fragment(box, deviceSecret), padding),
        mailboxKey: mailboxKey(),
      },
      settled: (sent) => {
        if (told === undefined) return;
        told.at = sent?.at;
        if (sent !== undefined) told.times++;
      },
    };
  }

  #fragment(box: OpenBox, deviceSecret: Uint8Array): Fragment {
    const { sphinx, parameters, padding, own } = this.#deps;
    const { suite, geometry } = sphinx;
    const { mailboxId } = own;
    return withSecret(encodeAnnouncement(suite, { deviceSecret, mailboxId }, box), (body) => {
      const id = messageId(padding.bytes(MESSAGE_ID_BYTES));
      const step = parameters.fragmentStep;
      const [fragment] = split({ suite, geometry, step, kind: "box", messageId: id, body });
      // The fragment's data are a copy of the body.
      return fragment as Fragment;
    });
  }
}
