/**
 * Why an authority drops something. Every descriptor, vote, signature and node of a list that is not taken has one of these, in
 * the log and, where somebody sent it, in the answer. Spec: docs/spec/08-directory.md §5.2
 */

import type { TransportErrorCode } from "#transport/core/errors.ts";

/** A node's descriptor that is not taken. */
export const DESCRIPTOR_REASONS = [
  "not a descriptor",
  "the node did not sign the descriptor",
  "the descriptor is of a newer version than this authority reads",
  "the node is not admitted",
  "the node is admitted in another role",
  "the node is of another operator",
  "the node is admitted for another domain",
  "no domain is admitted for the node, and no DNS resolver is configured",
  "the descriptor is from the future",
  "a newer descriptor is known",
  "the provider changed a token key within its period",
  "too many descriptors of the node in this epoch",
] as const;

/** A provider that is not listed, or refused, for its domain. */
export const DOMAIN_REASONS = [
  "the domain is being looked up",
  "the domain has no record for a node",
  "the domain's record names another node",
  "the domain cannot be checked: no answer in time",
  "the domain cannot be checked: the resolver failed",
  "the domain cannot be checked: an answer too large",
  "the domain cannot be checked: the name is too long for a record",
] as const;

/** A vote, or another authority's endorsement of one. */
export const VOTE_REASONS = [
  "not a vote",
  "the vote is of another network, or not signed by whom it names",
  "the vote is of a newer version than this authority reads",
  "no agreement on this epoch is under way here",
  "too early",
  "too late",
  "too few endorsements for the round",
  "a third vote of one authority",
  "too many from the authority that sent it",
  "too many false ones from the authority that sent it",
] as const;

/** A signature on a consensus. */
export const SIGNATURE_REASONS = [
  "not a signature",
  "the signature is not of whom it names",
  "no agreement on this epoch is under way here",
  "a third signature of one authority",
  "too many from the authority that sent it",
  "too many false ones from the authority that sent it",
] as const;

/** What a vote asks for and the consensus does not have; the first six, and no room, also keep a node out of one's own vote. */
export const COUNT_REASONS = [
  "descriptor not signed by its node",
  "descriptor without a key for the epoch",
  "descriptor with a mix key of another time",
  "descriptor with a mix key that is none",
  "descriptor from before the last epoch",
  "descriptor from the future",
  "node listed by too few authorities",
  "domain taken by another provider",
  "token key changed within its period",
  "no room in the list",
  "parameters named by too few authorities",
  "parameters other than the network file's",
  "reveal that does not open its commitment",
  "reveal without a commitment",
] as const;

/** Why there is nothing to sign. */
export const NO_TALLY_REASONS = [
  "too few votes",
  "no common previous consensus",
  "a list longer than readers take",
] as const;

export type DescriptorReason = (typeof DESCRIPTOR_REASONS)[number];
export type DomainReason = (typeof DOMAIN_REASONS)[number];
export type VoteReason = (typeof VOTE_REASONS)[number];
export type SignatureReason = (typeof SIGNATURE_REASONS)[number];
export type CountReason = (typeof COUNT_REASONS)[number];
export type NoTallyReason = (typeof NO_TALLY_REASONS)[number];

/** What an honest authority of this version never sends. Each counts against the one that sent it (allowances.ts). */
export const FALSE_REASONS: ReadonlySet<VoteReason | SignatureReason> = new Set([
  "not a vote",
  "the vote is of another network, or not signed by whom it names",
  "the vote is of a newer version than this authority reads",
  "not a signature",
  "the signature is not of whom it names",
]);

/** What is said of a vote that cannot be read; "not a vote" of all else. */
export const VOTE_REFUSALS: Partial<Record<TransportErrorCode, VoteReason>> = {
  REFUSED: "the vote is of another network, or not signed by whom it names",
  VERSION_NEWER: "the vote is of a newer version than this authority reads",
};
