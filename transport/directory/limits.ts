/** Every bound of the directory, with its reason. */

import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import { DIRECTORY_MESSAGE_BYTES_MAX, lineTime } from "../link/limits.ts";

/** Five minutes of an hour; a list has the keys of two epochs and more, 1.2 KB each, of every node. */
export const KEY_PERIODS_MAX = 12;

/** Three epochs' keys: the first descriptors serve for epoch 0 and the two after it; later ones have fewer. */
export const MIX_KEYS_MAX = 3 * KEY_PERIODS_MAX;

/** Token keys in a descriptor: of this period and of the next. */
export const TOKEN_KEYS_MAX = 2;

export const OPERATOR_BYTES_MAX = 64;
/** RFC 1035 §2.3.4. */
export const DOMAIN_BYTES_MAX = 253;
export const NETWORK_NAME_BYTES_MAX = 64;
export const AUTHORITY_NAME_BYTES_MAX = 64;

/** Agreement takes one round per authority that may fail, so more would take the whole epoch. */
export const AUTHORITIES_MAX = 9;

/** A network file: nine authorities with the longest names and addresses, their keys and signatures are under 52 KB. */
export const NETWORK_BYTES_MAX = 56 * 1024;

/**
 * Nodes in one consensus. With four key periods in an epoch, 11.2 KB each and 14.9 KB in the first epoch, it fits a directory message, and
 * a vote, at 20.2 KB each at most, too; with twelve some four hundred nodes do.
 */
export const NODES_MAX = 1000;

/** Ways of lost loops in one descriptor, 6 bytes each: 900 loops an epoch lose 36 at 1 % a link; of more a random part says as much. */
export const LOST_LOOPS_MAX = 256;

/** Demoted nodes and links in one consensus, at most 71 bytes each: of more links than this the fault is another. */
export const DEMOTIONS_MAX = 1024;

export const PARAMETERS_BYTES_MAX = 512;

/** A descriptor may be dated this far in the future: two honest clocks, each wrong by a minute, and some. */
export const DESCRIPTOR_CLOCK_SLACK: Milliseconds = seconds(180);

/** With epochs of seconds, in tests, the lead is shorter than honest clocks differ. */
export const CLOCK_SLACK_MIN: Milliseconds = seconds(1);

/** 253 bytes of address and domain each, 64 of code. */
export const INVITE_TEXT_BYTES_MAX = 1024;
export const INVITE_CODE_BYTES_MAX = 64;

/** An authority has this long for one answer, and what question and answer take on the slowest line; it is then taken to be down. */
export const DIRECTORY_ANSWER_TIME_MAX: Milliseconds = seconds(20);
export const answerTime = (bytes: number): Milliseconds => milliseconds(DIRECTORY_ANSWER_TIME_MAX + lineTime(bytes));

/** An authority that takes longer than this for a short answer is not waited for alone: the next one is asked as well. */
export const DIRECTORY_PATIENCE: Milliseconds = seconds(2);

const LIST_PAUSE_MAX: Milliseconds = seconds(4);

/**
 * The same of the first bytes of a list: three round trips of a slow line, and what an authority may be busy with. Once they are
 * there, as long as the longest list takes on the slowest line, for two lists at a time would both be late; but only while it
 * comes, with a pause of as long as for the first bytes, at an eighth of that line at least.
 */
export const LIST_PATIENCE = {
  first: LIST_PAUSE_MAX,
  with: (bytes: number): Milliseconds => milliseconds(LIST_PAUSE_MAX + 8 * lineTime(bytes)),
  rest: milliseconds(DIRECTORY_PATIENCE + lineTime(DIRECTORY_MESSAGE_BYTES_MAX)),
} as const;

/** How long a mix stays in layer 2 or 3: two weeks, so that an attacker's new node waits for its place. The first layer keeps its mixes. */
export const LAYER_PERIOD: Milliseconds = seconds(14 * 24 * 3600);
