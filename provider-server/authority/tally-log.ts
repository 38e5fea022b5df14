/** What an authority's operator is told of a count: layers too small, who was left out and why, who loses packets. */

import { toHex } from "#transport/core/bytes.ts";
import { MIXES_PER_LAYER_MIN } from "#transport/directory/alive.ts";
import { targetOf } from "#transport/directory/demotions.ts";
import type { Log } from "../observe/log.ts";
import type { Tally } from "./tally.ts";

export function logTally(log: Log, { fields, dropped, findings }: Tally & { kind: "consensus" }): void {
  const { epoch, layers, demotions } = fields;
  for (const [index, { length: mixes }] of layers.entries()) {
    // Signed all the same: it grows only if nodes can join. Clients send nothing meanwhile (docs/spec/08-directory.md §8).
    if (mixes < MIXES_PER_LAYER_MIN) {
      log.event("a layer is too small to hide anyone: nothing is sent", { epoch, layer: index + 1, mixes });
    }
  }
  for (const { reason, authority, node } of dropped) {
    const who = node === undefined ? "" : ` ${shortId(node)}`;
    log.event(`left out of the consensus:${who} ${reason}`, { epoch, ...(authority !== undefined && { authority }) });
  }
  for (const { node, to, by, lost, expected } of findings) {
    const target = targetOf({ node, to });
    const known = demotions.find((demotion) => targetOf(demotion) === target);
    const who = [node, ...(to === undefined ? [] : [to])].map((id) => shortId(toHex(id))).join(" > ");
    const numbers = { epoch, lost, expected: Math.round(expected), until: known?.until ?? epoch };
    // Avoided, or kept because too little would be left.
    log.event(`loses packets, by ${by}, ${known?.effect ?? "not listed"}: ${who}`, numbers);
  }
}

/** Enough to tell nodes apart; the consensus makes the whole id public. */
export const shortId = (hexadecimal: string): string => hexadecimal.slice(0, 16);
