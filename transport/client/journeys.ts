/** Where each sent message is, for the program above, and when it will probably arrive. Spec: docs/spec/01-message.md §1 */

import { PLACE_BYTES } from "../box/place.ts";
import type { Clock } from "../core/clock.ts";
import type { Parameters, Profile } from "../core/parameters.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { fragmentCount } from "../fragment/split.ts";
import type { Geometry } from "../sphinx/geometry.ts";
import { boxTime, estimate } from "./estimate.ts";
import type { Outbox } from "./outbox.ts";
import type { Outgoing } from "./outgoing.ts";
import type { ProviderLink } from "./provider-link.ts";
import { destinationOf } from "./recipient.ts";
import type { Sender } from "./sender.ts";
import type { Places } from "./places.ts";
import type { EstimateOptions, Journey } from "./types.ts";

export interface JourneysDeps {
  readonly clock: Clock;
  readonly geometry: Geometry;
  readonly parameters: Parameters;
  readonly profile: () => Profile;
  readonly outbox: Outbox;
  readonly places: Pick<Places, "known">;
  readonly sender: Sender;
  readonly link: ProviderLink;
}

export class Journeys {
  readonly #deps: JourneysDeps;

  constructor(deps: JourneysDeps) {
    this.#deps = deps;
  }

  of(outgoing: Outgoing): Journey {
    const { message, progress, delivery } = outgoing;
    const { firstSentAt, lastSentAt, storedAt, deliveredAt } = progress;
    return {
      messageId: message.id,
      delivery,
      bytes: message.bytes,
      fragments: message.fragments.length,
      fragmentsSent: outgoing.leftOnce,
      fragmentsStored: outgoing.storedCount,
      queuedAt: message.queuedAt,
      firstSentAt,
      lastSentAt,
      storedAt,
      deliveredAt,
      expectedAt: deliveredAt ?? this.#expectedAt(outgoing),
      waitingFor: this.#waitingFor(outgoing),
      goesTo: outgoing.to.place === undefined ? "mailbox" : "box",
    };
  }

  /** For the last of `copies` messages of `bytes` each, behind what is queued now: to where its reader is written to, else to a mailbox. */
  async estimate({ bytes, copies = 1, to }: EstimateOptions): Promise<Milliseconds> {
    const { geometry, parameters, outbox, places, profile } = this.#deps;
    const place = to === undefined ? undefined : await places.known(to.accountKey);
    const { total } = fragmentCount({ geometry, step: parameters.fragmentStep, messageBytes: PLACE_BYTES + bytes });
    const slots = outbox.queue.slotsForNew({ fragments: total, copies });
    const boxReplies = place === undefined ? 0 : parameters.boxReplies;
    return estimate({ slots, profile: profile(), boxReplies, fragments: total });
  }

  #expectedAt(outgoing: Outgoing): Milliseconds {
    const profile = this.#deps.profile();
    const boxReplies = outgoing.to.place === undefined ? 0 : this.#deps.parameters.boxReplies;
    const now = this.#deps.clock.now();
    const { firstSentAt = now, lastSentAt } = outgoing.progress;
    // What left before waits in the box.
    const fragments = outgoing.message.fragments.length;
    const earliest = boxReplies === 0 ? now : Math.max(now, firstSentAt + boxTime({ profile, boxReplies, fragments }));
    if (outgoing.left === 0 && lastSentAt !== undefined) {
      return milliseconds(Math.max(earliest, lastSentAt + estimate({ slots: 0, profile, boxReplies })));
    }
    const slots = this.#deps.outbox.queue.slotsUntilThrough(outgoing);
    return milliseconds(Math.max(earliest, now + estimate({ slots, profile, boxReplies, fragments: outgoing.left })));
  }

  #waitingFor(outgoing: Outgoing): Journey["waitingFor"] {
    const { clock, outbox, link, sender } = this.#deps;
    if (outbox.queue.waitsForKey(outgoing, clock.now())) return "key";
    if (link.state !== "up") return "provider";
    return sender.reaches(destinationOf(outgoing.to).provider) && !sender.hasPathProblem ? "none" : "network";
  }
}
