/** What a domain says of the node that may speak for it, in the DNS. Spec: docs/spec/08-directory.md §5.1 */

import { toHex } from "#transport/core/bytes.ts";
import type { NodeId } from "#transport/core/units.ts";
import { DNS_NAME_CHARACTERS_MAX, DNS_RECORD_BYTES_MAX, DNS_RECORDS_MAX } from "./limits.ts";

/** What a resolver said to a question for TXT records. */
export type TxtAnswer =
  /** Each with its character-strings joined. */
  | { readonly kind: "records"; readonly records: readonly string[] }
  /** The resolver says that there is no such name, or no TXT record. */
  | { readonly kind: "none" }
  /** Nothing that could be relied on. */
  | { readonly kind: "failed"; readonly reason: LookupFailure };

export type LookupFailure = "no answer in time" | "the resolver failed" | "an answer too large";

export type DomainVerdict =
  | { readonly kind: "confirmed" }
  | { readonly kind: "absent" }
  | { readonly kind: "another node" }
  | { readonly kind: "failed"; readonly reason: LookupFailure | "the name is too long for a record" };

/** Whether the domain names the node. One record that does suffices, so that a provider can move. */
export function verdictOf(answer: TxtAnswer, node: NodeId): DomainVerdict {
  if (answer.kind === "failed") return answer;
  if (answer.kind === "none") return { kind: "absent" };
  const { records } = answer;
  const isTooLarge = records.length > DNS_RECORDS_MAX || records.some((text) => text.length > DNS_RECORD_BYTES_MAX);
  if (isTooLarge) return { kind: "failed", reason: "an answer too large" };
  const named = records.flatMap((text) => nodeNamedBy(text) ?? []);
  if (named.length === 0) return { kind: "absent" };
  return named.includes(toHex(node)) ? { kind: "confirmed" } : { kind: "another node" };
}

/** The name to ask for; undefined for a domain too long to have one. */
export function recordNameOf(domain: string): string | undefined {
  const name = `${PREFIX}${domain}`;
  return name.length > DNS_NAME_CHARACTERS_MAX ? undefined : name;
}

/** The line for a zone file or a provider's web form. */
export const recordOf = (node: NodeId): string => `${VERSION} node=${toHex(node)}`;

const PREFIX = "_starling.";
const VERSION = "starling1";

/** The node id in lower-case hexadecimal; undefined for a record that is not one of ours or is none. */
function nodeNamedBy(text: string): string | undefined {
  const [version, ...fields] = text.split(/ +/).filter((word) => word !== "");
  if (version !== VERSION) return undefined;
  const nodes = fields.filter((field) => field.startsWith("node="));
  const [node] = nodes;
  if (node === undefined || nodes.length !== 1) return undefined;
  return /^node=[0-9a-f]{64}$/i.test(node) ? node.slice("node=".length).toLowerCase() : undefined;
}
