/** Every bound of a node's wiring, with its reason. */

import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import type { NodeLimits } from "./dependencies.ts";

export const DEFAULT_NODE_LIMITS: NodeLimits = {
  /** 4,000 packets a second over a key period of 15 minutes, lead and overlap included, are 4.8 million: 16 bytes each at a load of 0.35, up to 220 MB. */
  replayCapacity: 5_000_000,
  /** 4,000 packets a second times a mean of 6 s, and as much again: 1.4 GB at 28 KiB. */
  delayQueuePackets: 48_000,
  /** The daemon has as many as the machine's cores allow; a simulation has one thread for everything. */
  unwrapThreads: 0,
  /** 23 bytes each time, whatever else passes. */
  aliveInterval: seconds(5),
};

/**
 * A packet that can only be sent this long after it was due is dropped: a machine that stood still would otherwise wake with a
 * burst that shows what it held, and a sender that was told a delay would see another. A busy machine's pauses are shorter.
 */
export const LATENESS_MAX: Milliseconds = seconds(1);

/** Departures later than this are counted in the log; a healthy node has none. */
export const LATENESS_NOTED: Milliseconds = milliseconds(100);

/**
 * Without a word for so many of these intervals in a row a link is dead, whatever the system says, which gives up only after a quarter
 * of an hour. Within 25 s TCP has sent a lost segment seven times; a line that loses a tenth loses all of them once in ten million times.
 */
export const ALIVE_SPANS_MISSED_MAX = 6;

/**
 * Links that one node before this one keeps: it needs one, and those of its earlier runs may be dead and not know it. Without a
 * bound one node could take every place there is, the clients' too.
 */
export const LINKS_OF_NODE_MAX = 4;

export const RECONNECT_WAIT_MIN: Milliseconds = milliseconds(250);
/** A node that was restarted is reached again within this time. */
export const RECONNECT_WAIT_MAX: Milliseconds = seconds(5);

/** Between attempts to publish or to fetch, in parts of an epoch: 36 s of 60 minutes, about a second of two minutes. */
export const RETRY_SHARE = 1 / 100;

/** How long a node may go without noticing that its clock was set, in parts of an epoch: 4 minutes of 60. */
export const CLOCK_LOOK_SHARE = 1 / 16;

/** For so many epochs a clock that the authorities agreed with is believed in what cannot be undone: they are asked twice in each. */
export const CLOCK_KNOWN_EPOCHS = 2;

/** Loops of this epoch and the last that a node remembers, some 300 bytes each; at one in four seconds there are 1,800. */
export const LOOPS_REMEMBERED_MAX = 16_384;

/** What four links and the machines at their ends may take of a loop's way beyond its delays, one mean delay besides: a lost TCP segment is repeated within a second. */
export const LOOP_SLACK: Milliseconds = seconds(2);

/** A wait for the next decoy is drawn anew at least this often, so that a new consensus counts without delay. */
export const DECOYS_PAUSE: Milliseconds = seconds(5);
