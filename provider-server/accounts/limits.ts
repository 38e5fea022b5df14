/** Every bound of accounts, with its reason. */

import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

/**
 * Every device collects what comes for all, the loops of the others too: with three, loops and a writer who never pauses
 * still come more slowly than each of them polls, at either profile's rates (test/provider-server/accounts; with boxes `npm run
 * params`).
 */
export const DEVICES_PER_ACCOUNT_MAX = 3;

/**
 * Codes that were used and not finished with, kept in the list until somebody looks: more than anybody's mishaps. With the
 * devices, and as many again that have begun and may not finish, they fit into the answer.
 */
export const UNFINISHED_PER_ACCOUNT_MAX = 8;

/** A record that is never renewed must run out: twice the month that a mailbox keeps mail. */
export const RECORD_LIFETIME_MAX: Milliseconds = milliseconds(62 * 24 * 3600 * 1000);

/** A new account costs a few commits; faster than this is a program that fills the table of names. */
export const SIGN_UPS_PER_MINUTE_MAX = 120;

/**
 * Of them, without an invitation, from one address (an IPv4 address, an IPv6 network of 64 bits): a tenth, so that it takes ten
 * addresses to keep everybody else waiting. A household or an office behind one address is done within a minute or two.
 */
export const SIGN_UPS_PER_ADDRESS_MAX = 12;

/**
 * Names that somebody with an invite code is told are taken, in a day of UTC, or as many as the code had uses left when it was
 * first told of one on that day, where that is more: who looks for a name finds one by then, and who asks for others' learns no
 * more than by `keys`.
 */
export const TAKEN_NAMES_PER_INVITE_MAX = 16;

/** And where no code is needed, behind one network address: a household or an office that signs up on one day. */
export const TAKEN_NAMES_PER_ADDRESS_MAX = 32;

/** And all newcomers without a code together, whatever addresses somebody has: thirty-two of them that ask for nothing else. */
export const TAKEN_NAMES_PER_DAY_MAX = 1024;

/** What each place is told of even then: else those thirty-two would keep everybody from signing up. */
export const TAKEN_NAMES_PER_ADDRESS_MIN = 2;

/** Network addresses are counted in so many places and not by themselves: some four million IPv4 addresses share one. */
export const ADDRESS_PLACES = 1024;
