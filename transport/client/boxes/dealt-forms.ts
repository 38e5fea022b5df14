/**
 * Which entries of each box were dealt with since the program started. A fragment that comes again is answered by another receipt, so a box's provider
 * that gives one again, as often and when it likes, would draw packets out of its reader: it would find him at whoever is written to.
 * A writer's reminder is sealed anew, and is another entry. Spec: docs/spec/17-boxes.md §6
 */

import { toHex } from "../../core/bytes.ts";
import type { Primitives } from "../../crypto/suite.ts";
import { FORMS_PER_BOX_MAX } from "./limits.ts";
import type { OwnBox } from "./own-box.ts";

export class DealtForms {
  readonly #primitives: Primitives;
  /** Of each box by hexadecimal hash, the oldest first: whether what the entry means is durable. */
  readonly #forms = new WeakMap<OwnBox, Map<string, Promise<boolean>>>();

  constructor(primitives: Primitives) {
    this.#primitives = primitives;
  }

  /** Takes it, but for one that was taken, or is being, under whatever number: that has the fate of the first. */
  once(box: OwnBox, sealed: Uint8Array, take: () => Promise<boolean>): Promise<boolean> {
    const forms = this.#forms.get(box) ?? new Map<string, Promise<boolean>>();
    this.#forms.set(box, forms);
    const form = toHex(this.#primitives.blake2b(sealed).subarray(0, FORM_HASH_BYTES));
    const known = forms.get(form);
    if (known !== undefined) return known;
    const taken = take().then((isDone) => {
      // It has to come again.
      if (!isDone && forms.get(form) === taken) forms.delete(form);
      return isDone;
    });
    forms.set(form, taken);
    for (const oldest of forms.keys()) {
      if (forms.size <= FORMS_PER_BOX_MAX) break;
      forms.delete(oldest);
    }
    return taken;
  }
}

/** Who finds two entries with the same hash has written both, and loses one. */
const FORM_HASH_BYTES = 16;
