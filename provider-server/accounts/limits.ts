/** Every bound of accounts, with its reason. */

import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

/** Each device keeps entries until it has them, and has a budget of its own. */
export const DEVICES_PER_ACCOUNT_MAX = 8;

/** A record that is never renewed must run out: twice the month that a mailbox keeps mail. */
export const RECORD_LIFETIME_MAX: Milliseconds = milliseconds(62 * 24 * 3600 * 1000);

/** A new account costs a few commits; faster than this is a program that fills the table of names. */
export const SIGN_UPS_PER_MINUTE_MAX = 120;
