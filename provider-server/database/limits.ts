/** Bounds of the database, each with its reason. */

import { type Milliseconds, milliseconds } from "#transport/core/units.ts";

/** A command waits so long for the daemon's commits, which take milliseconds. */
export const COMMAND_LOCK_WAIT: Milliseconds = milliseconds(5000);

/** The daemon's only thread waits so long for a command's: a packet that is a second late is dropped. */
export const LOCK_WAIT: Milliseconds = milliseconds(250);
