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
