/** The bounds of a client's clocks, each with its reason. */

import { type Milliseconds, milliseconds } from "../core/units.ts";

/**
 * A slot wraps its packet this long before its tick. Wrapping takes some 2 ms with the native suite and 30 with the portable
 * one; the rest is for whatever else the thread does meanwhile.
 */
export const WRAP_LEAD: Milliseconds = milliseconds(100);

/**
 * A tick that is later than this was slept through (a suspended laptop), and one earlier than this was drawn before the
 * clock was put back: the clock goes on from now, it neither catches up nor waits.
 */
export const CATCH_UP_MAX: Milliseconds = milliseconds(1000);

/** Work that a user's mail sets off runs only when no tick is due for this long; each piece takes a fraction of it. */
export const QUIET_MARGIN: Milliseconds = milliseconds(10);

/** The same with the portable suite: a SURB is four encapsulations, some 12 ms on a desktop and several times that on a phone. */
export const QUIET_MARGIN_PORTABLE: Milliseconds = milliseconds(60);

/** Bytes that a slow machine hashes in one millisecond: what a piece of work over many bytes adds to its margin. */
export const BYTES_PER_QUIET_MILLISECOND = 200_000;

/** After so long without a quiet moment work runs anyway: ticks may slip by milliseconds, mail must not stop. */
export const QUIET_WAIT_MAX: Milliseconds = milliseconds(30_000);

/**
 * Decoys of one provider per second, at most. Making one takes a millisecond and a half on a thread that has clients to serve,
 * and 100 of them a second are 23 Mbit/s: a network that needs more is better off with fewer mixes in a layer.
 */
export const DECOY_RATE_MAX = 100;

/** In 1/64 of a chat slot, 20 ms, a timer's grain and the ways of lines place a packet, and no longer the draw. */
export const SEND_SPREAD_MIN = 1 / 64;
