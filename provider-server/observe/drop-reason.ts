/** Why something was dropped. Every drop in this server has one of these; none says whose it was. */

export const DROP_REASONS = {
  UNWRAP_FAILED:
    "a packet that is malformed, changed, or for a key that this node does not have, or that nobody uses yet",
  UNWRAP_BACKLOG: "a packet that came while too many waited to be unwrapped",
  UNWRAP_THREAD_LOST: "a packet whose thread ended before it was unwrapped",
  REPLAY: "a packet that was seen before",
  REPLAY_SET_FULL: "a packet for a key period whose replay set is full; its key has been erased early",
  DELAY_TOO_LONG: "a packet with a delay beyond what a sender may draw",
  DELAY_QUEUE_FULL: "a packet that found the delay queue full",
  SOURCE_SHARE: "a packet from a node that had taken more than its share of this one's room",
  TOO_LATE: "a packet that could not be sent until long after it was due",
  NEXT_HOP_UNKNOWN: "a packet for a node that does not stand behind this one in the consensus",
  NEXT_HOP_DOWN: "a packet for a node to which no link is up, or whose link was congested",
  NO_ROLE: "a packet that ends at a node which delivers nothing",
  LOOP_UNKNOWN: "a loop packet that this node is not waiting for",
  MAILBOX_UNKNOWN: "an entry for a mailbox that does not exist here",
  MAILBOX_FULL: "an entry for a mailbox at its quota",
  BOX_OVER: "an entry for a box that takes none any more",
  MAILBOX_BUSY: "an entry that came faster than the disk takes them",
  DISK_FULL: "an entry that could not be written",
  DUPLICATE: "an entry that the mailbox has had before",
  SERVICE_UNKNOWN: "a request for a service this provider does not offer",
  SERVICE_MALFORMED: "a request that is not one",
  SERVICE_BUSY: "a request while too many answers wait to leave, or beyond what a service looks up in a second",
  SERVICE_LATE: "a request whose answer was not ready when it was due",
  COLLECTS_BUSY:
    "a collect while too many answers to collects wait to leave: in all, to readers of no box, or to this one",
  TOKEN_INVALID: "a request whose token is not of this provider's making, or of another period",
  TOKEN_SPENT: "a request whose token was used before",
  TOKENS_BUSY:
    "a request, or elements to sign, that came while too many tokens were in work or past a provider's share",
  COVER: "a drop packet, whose purpose is served",
  NO_ACCOUNT: "a frame from a device that belongs to no account",
  OVER_BUDGET: "a frame that came faster than any profile sends",
  POLLS_BUSY: "a poll while too many answers to polls wait to leave",
  BAD_FRAME: "a frame that is malformed or of the wrong direction",
  STRANGER: "a link from a node that is in no current consensus",
  TOO_MANY_LINKS: "a link beyond the number this server holds",
} as const;

export type DropReason = keyof typeof DROP_REASONS;

/**
 * How often a count may be told. What depends on users' mail is told by the hour, lest two providers' figures show within a
 * minute that something was sent here and came there. Cover is never told: with it, the packets that came would be mail and
 * cover apart. Everything else depends on machines, links and attackers. docs/operating.md §7
 */
export type Telling = "by the minute" | "by the hour" | "never";

export function tellingOf(reason: DropReason): Telling {
  if (reason === "COVER") return "never";
  return OF_MAIL.has(reason) ? "by the hour" : "by the minute";
}

const OF_MAIL: ReadonlySet<DropReason> = new Set<DropReason>([
  "MAILBOX_UNKNOWN",
  "MAILBOX_FULL",
  "BOX_OVER",
  "MAILBOX_BUSY",
  "DISK_FULL",
  "DUPLICATE",
  "SERVICE_UNKNOWN",
  "SERVICE_MALFORMED",
  "SERVICE_BUSY",
  "SERVICE_LATE",
  "COLLECTS_BUSY",
  "TOKEN_INVALID",
  "TOKEN_SPENT",
  "TOKENS_BUSY",
  "NO_ACCOUNT",
  "OVER_BUDGET",
]);
