/** Nodes and links that lose packets, as a consensus names them, and what follows for whoever chooses a path. Spec: docs/spec/08-directory.md §12 */

import { type Reader, toHex, type Writer } from "../core/bytes.ts";
import { TransportError } from "../core/errors.ts";
import { type Epoch, epochNumber, type NodeId, nodeId } from "../core/units.ts";
import { DEMOTIONS_MAX } from "./limits.ts";
import type { Consensus, NodeDescriptor } from "./model.ts";

/**
 * - `avoided`: no path of a client passes it.
 * - `kept`: it should be avoided, but without it too little would be left to hide among; and providers, which people chose.
 * - `probation`: it served its time; found again, it is out for longer.
 */
export type DemotionEffect = "avoided" | "kept" | "probation";

export interface Demotion {
  /** The node, or the one at which the link begins. */
  readonly node: NodeId;
  /** Where the link ends; undefined for a node. */
  readonly to: NodeId | undefined;
  readonly effect: DemotionEffect;
  /** The first epoch in which it is used again, or was. */
  readonly until: Epoch;
  /** How often it was found, the times of demotion in between left out; 1 to 255. */
  readonly strikes: number;
}

/** count u16 ‖ count × (kind u8: 1 node, 2 link ‖ node 32 ‖ for links: node 32 ‖ effect u8 ‖ until u32 ‖ strikes u8) */
export function encodeDemotions(writer: Writer, demotions: readonly Demotion[]): void {
  writer.u16(demotions.length);
  for (const { node, to, effect, until, strikes } of byTarget(demotions)) {
    writer.u8(to === undefined ? NODE : LINK).raw(node);
    if (to !== undefined) writer.raw(to);
    writer.u8(EFFECTS.indexOf(effect)).u32(until).u8(strikes);
  }
}

/** What the longest list of them takes beyond the shortest. */
export const DEMOTIONS_BYTES_MAX = DEMOTIONS_MAX * (1 + 32 + 32 + 1 + 4 + 1);

/** Throws MALFORMED. */
export function decodeDemotions(reader: Reader): Demotion[] {
  const count = reader.u16();
  if (count > DEMOTIONS_MAX) throw new TransportError("MALFORMED");
  const demotions: Demotion[] = [];
  let last = "";
  for (let i = 0; i < count; i++) {
    const kind = reader.u8();
    const node = nodeId(reader.take(ID_BYTES));
    const to = kind === LINK ? nodeId(reader.take(ID_BYTES)) : undefined;
    const effect = EFFECTS[reader.u8()];
    const demotion = { node, to, until: epochNumber(reader.u32()), strikes: reader.u8() };
    const target = targetOf(demotion);
    const isSound = (kind === NODE || kind === LINK) && demotion.strikes > 0 && target > last;
    if (effect === undefined || !isSound) throw new TransportError("MALFORMED");
    demotions.push({ ...demotion, effect });
    last = target;
  }
  return demotions;
}

/** One text for each node and each link. */
export const targetOf = ({ node, to }: { node: NodeId; to: NodeId | undefined }): string =>
  to === undefined ? toHex(node) : `${toHex(node)}>${toHex(to)}`;

export function byTarget(demotions: readonly Demotion[]): Demotion[] {
  return demotions.toSorted((a, b) => (targetOf(a) < targetOf(b) ? -1 : 1));
}

/** The targets that no path of a client may have. */
export function avoidedTargets(demotions: readonly Demotion[]): ReadonlySet<string> {
  return new Set(demotions.filter(({ effect }) => effect === "avoided").map(targetOf));
}

/** The nodes that no demotion keeps from clients' paths. */
export function withoutAvoided(
  { demotions }: Pick<Consensus, "demotions">,
  nodes: readonly NodeDescriptor[],
): readonly NodeDescriptor[] {
  const avoided = avoidedTargets(demotions);
  return avoided.size === 0 ? nodes : nodes.filter((node) => !avoided.has(toHex(node.nodeId)));
}

const ID_BYTES = 32;
const NODE = 1;
const LINK = 2;
const EFFECTS: readonly (DemotionEffect | undefined)[] = [undefined, "avoided", "kept", "probation"];
