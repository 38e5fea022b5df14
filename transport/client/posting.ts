/** From the bytes of a message to the outbox: checked, split, hashed and on the disk. Spec: docs/spec/01-message.md §2 */

import { PLACE_BYTES, type Place, placed } from "../box/place.ts";
import type { Clock } from "../core/clock.ts";
import { TransportError } from "../core/errors.ts";
import type { Parameters } from "../core/parameters.ts";
import type { RandomSource } from "../core/random.ts";
import { MESSAGE_ID_BYTES, type MessageId, messageId, milliseconds } from "../core/units.ts";
import { isPublicKey } from "../crypto/public-key.ts";
import { fragmentCount, split } from "../fragment/split.ts";
import type { Sphinx } from "../sphinx/sphinx.ts";
import type { QuietTime } from "../traffic/quiet-time.ts";
import type { Outbox } from "./outbox.ts";
import { AT_ONCE } from "./outgoing.ts";
import type { Places } from "./places.ts";
import { receiptProof } from "./receipt.ts";
import { NO_PROGRESS, type OutgoingMessage, type Recipient } from "./store.ts";

export interface PostingDeps {
  readonly clock: Clock;
  readonly sphinx: Sphinx;
  readonly parameters: Parameters;
  readonly keys: RandomSource;
  readonly quiet: QuietTime;
  readonly outbox: Outbox;
  readonly places: Places;
  /** Where this account wants its receipts to go. */
  readonly ownPlace: () => Place | undefined;
}

export class Posting {
  readonly #deps: PostingDeps;

  constructor(deps: PostingDeps) {
    this.#deps = deps;
  }

  /** Durable when it resolves. Throws RECORD_UNUSABLE. */
  async send(to: Recipient, o: { body: Uint8Array; id: MessageId | undefined }): Promise<MessageId> {
    const { sphinx, parameters, keys, quiet, clock, outbox, places, ownPlace } = this.#deps;
    const { body } = o;
    const { suite, geometry } = sphinx;
    const { fragmentStep: step, retention } = parameters;
    const id = o.id ?? messageId(keys.bytes(MESSAGE_ID_BYTES));
    if (await outbox.has(id)) return id;
    await this.assertUsable(to);
    const { fragments, proof } = await quiet.run(() => {
      const whole = placed(ownPlace(), body);
      const parts = split({ suite, geometry, step, kind: "message", messageId: id, body: whole });
      return { fragments: parts, proof: receiptProof(suite, { id, body: whole }) };
    }, 3 * body.length);
    const now = clock.now();
    const message: OutgoingMessage = {
      id,
      to: { ...to, place: await places.known(to.accountKey) },
      bytes: body.length,
      proof,
      queuedAt: now,
      progress: { ...NO_PROGRESS, deadline: milliseconds(now + retention) },
      fragments: fragments.map(() => ({ state: "waiting", notBefore: AT_ONCE, attempts: 0, hashes: [] })),
    };
    const { needed } = fragmentCount({ geometry, step, messageBytes: PLACE_BYTES + body.length });
    await outbox.add({ message, data: fragments.slice(0, needed).map(({ data }) => data) });
    return id;
  }

  /** What cannot be sealed would keep its place in the queue and take slots from other mail. Throws RECORD_UNUSABLE. */
  async assertUsable({ mailboxKey }: Recipient): Promise<void> {
    const { sealKem } = this.#deps.sphinx.suite;
    const isKey = await this.#deps.quiet.run(() => isPublicKey(sealKem, mailboxKey));
    if (!isKey) throw new TransportError("RECORD_UNUSABLE");
  }
}
