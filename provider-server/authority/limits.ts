/** Bounds of an authority, with their reasons. */

import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";

/** Consensuses kept for those who come late: newcomers need the newest two. */
export const CONSENSUSES_KEPT = 8;

/** Strangers', nodes' and authorities', which are few and have two links each for every one there is, and handshakes (link-room.ts). */
export const AUTHORITY_LINKS_MAX = 2048;
/** Of these links those that are nobody's who is known here: one more ends another, so that nobody can take all places and stay. */
export const AUTHORITY_STRANGERS_MAX = 768;
/** And those of nodes: one for each of a thousand, and none is open for long. */
export const AUTHORITY_NODE_LINKS_MAX = 1024;
/** A node publishes, asks the time and then for the list, each on a link of its own; one more may be dead since it was started again. */
export const LINKS_OF_NODE_MAX = 4;
export const AUTHORITY_HANDSHAKES_MAX = 64;

/** An answer up to here takes no room from another: it is about as long as what a link costs anyway. */
export const SHORT_ANSWER_BYTES = 64 * 1024;
/**
 * Longer answers that wait on nodes' links, one on each: 46 lists of a thousand nodes, 31 of the longest there may be; with shorter
 * ones more of them may wait. TLS keeps each a second time, encrypted, until it has left: 1 GiB of memory.
 */
export const NODES_ANSWERS_BYTES_MAX = 512 * 2 ** 20;
/** And on strangers', who are a new node before its first descriptor, and the curious: 11, or 7. 256 MiB of memory. */
export const STRANGERS_ANSWERS_BYTES_MAX = 128 * 2 ** 20;
/** Our programs ask one question on a link. Whoever asks on costs no more than a handshake for each of so many. */
export const QUESTIONS_PER_LINK_MAX = 16;

/** A message to another authority is tried again this often within a round. */
export const TRIES_PER_STEP = 4;

/** Of each authority: a second vote shows that it contradicts itself, and a third would show no more. */
export const VOTES_KEPT_EACH = 2;

/** Frames of one authority in an epoch, as a multiple of what it can have to send: its clock may put some into the next one. */
export const ROUNDS_OF_FRAMES_MAX = 2;

/**
 * Descriptors of one node that are taken in an epoch, each checked and written to disk. A node that finds too few authorities
 * comes back up to 200 times (0.5 to 1.5 hundredths of an epoch between), and may be started again meanwhile.
 */
export const DESCRIPTORS_PER_EPOCH_MAX = 256;

/** A provider's domain is looked up again after about this long, whatever the record's time to live: twice within any live epoch or so. */
export const DOMAIN_CHECK_INTERVAL: Milliseconds = seconds(3600);
/** After an answer that did not confirm it: who has just published the record waits for no longer than this and the zone's own time. */
export const DOMAIN_RETRY_INTERVAL: Milliseconds = seconds(300);
/** Each wait is drawn from 1 − this to 1 + this of it, so that authorities' questions are not all asked at once. */
export const DOMAIN_JITTER = 0.25;
/** How long a confirmed domain stays while its record is gone: a mistake in a zone must not cut all its users off the same hour. */
export const DOMAIN_KEPT_WITHOUT_RECORD: Milliseconds = milliseconds(24 * 3600 * 1000);
/** How long it stays while there is no answer at all: DNS under attack must not become an attack on the network. */
export const DOMAIN_KEPT_WITHOUT_ANSWER: Milliseconds = milliseconds(7 * 24 * 3600 * 1000);
/** Questions under way at once; a thousand providers are asked about in seconds. */
export const DOMAIN_LOOKUPS_MAX = 16;

/** One try at one resolver, and the whole question with all its tries. */
export const DNS_TRY_TIME: Milliseconds = seconds(2);
export const DNS_TRIES = 2;
export const DNS_TIME_MAX: Milliseconds = seconds(10);
/** A name in DNS is at most 253 characters (RFC 1035 §2.3.4). */
export const DNS_NAME_CHARACTERS_MAX = 253;
/** Records looked at under one name; a provider needs one, or two while it moves. */
export const DNS_RECORDS_MAX = 16;
/** A record of ours is 79 bytes; other fields may come one day. */
export const DNS_RECORD_BYTES_MAX = 512;
/** Resolvers that a configuration may name. */
export const DNS_SERVERS_MAX = 3;

/** What a link may lose without anyone's fault: 1 %, over four links 3.9 % of loops. */
export const HONEST_LINK_LOSS = 0.01;

/** A node that drops one packet in ten is told from one that drops none; the turning point lies at 4 % beyond honest loss. */
export const EXTRA_LOSS_SEEN = 0.1;

/** Chance at most that an honest target gets an operator to accuse it: who loses much elsewhere, and sent few loops over it, waits for one more that is lost. */
export const ACCUSED_BY_CHANCE_MAX = 0.4;

/** False findings for each node and epoch that either of the three tests may yield by chance: together under one in a thousand. */
export const FALSE_FINDINGS_MAX = 1e-4;

/** Standard deviations of the number of loops in an epoch that a report may be above their mean. */
export const LOOPS_SPREAD_MAX = 6;

/** Witnesses of different operators that it takes at least: nobody is demoted on one operator's word. */
export const ACCUSERS_MIN = 2;

/** Operators at whose links a node is given up although its losses do not speak against it: one end's word is enough for a link. */
export const CUT_LINKS_MIN = 3;

/** One fault after the other is found, the worst first; more than this at once are a broken network, not a few liars. */
export const FINDINGS_MAX = 256;
/**
 * And no more than this much work, counted for each link found as one step of every witness at every target, some 0.4 ns: a few
 * nodes that give up links of their own, one after the other, must not keep all authorities counting until the vote is over.
 * 273 links among a thousand nodes, in half a minute.
 */
export const FINDING_WORK_MAX = 2 ** 36;
/** To leave out a node takes this many times as long as a link (0.8 s and 0.1 s among a thousand): it changes what everybody sent over every link. */
export const NODE_WORK = 8;

/** Half a day at an hour each: long enough that a culprit gains little, short enough for an honest node that was down. */
export const DEMOTION_EPOCHS = 12;
/** Each time it is found again it is out for twice as long, two weeks at most. */
export const DEMOTION_EPOCHS_MAX = 336;
/** For how long afterwards a node counts as found again. */
export const PROBATION_EPOCHS = 48;
