/** The bounds of the client, each with its reason. */

import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";

/** One `have` request asks about this many sealed forms: 8 KiB of hashes, under half of the smallest live payload. */
export const HAVE_HASHES_PER_REQUEST = 512;
/** Receipts that one packet carries at most: a reader back from a holiday acknowledges a week of mail at once. */
export const RECEIPTS_PER_PACKET_MAX = 512;
/** A request leaves this often, each time with a fresh SURB on a fresh path, before the asker hears SERVICE_TIMEOUT. */
export const REQUEST_ATTEMPTS = 4;
/** Requests that wait for a slot or an answer: each holds a SURB's keys; a person looks up a few readers at a time. */
export const REQUESTS_MAX = 64;
/**
 * Questions about sent messages that are open at a time: after a start hundreds are due at once, and somebody's look-up needs a place
 * among REQUESTS_MAX, too. In the mail profile a slot comes every half minute and an answer takes one or two: fewer keep each slot busy.
 */
export const HAVES_MAX = 16;
/** A wait of so many means is drawn once in 200 million times: what is planned further ahead, a wrong clock has planned. */
export const WAIT_MEANS_MAX = 20;
/** Messages whose next fragments are held in memory, ready for a slot: 64 of them are 3 MB. */
export const MESSAGES_READY_MAX = 64;
/** Fragments of one message held ready: more than ticks come while the store answers. */
export const FRAGMENTS_READY = 4;
/** Mailbox entries of incomplete messages: four of the largest. The one that has waited longest for a fragment goes first. */
export const INCOMPLETE_MESSAGES_FACTOR = 4;
/**
 * Mailbox entries in work at a time: twice as many as a provider gives ahead of the cursor (docs/spec/07-mailbox.md §5); more are made up.
 * One that finds no place comes again when the provider begins again.
 */
export const ENTRIES_IN_WORK_MAX = 64;
/** Before a message that is whole on the disk, but could not be read from it, is tried again; doubles up to the longest. */
export const OFFER_RETRY: Milliseconds = seconds(30);
export const OFFER_RETRY_MAX: Milliseconds = seconds(3600);
/** How often a deadline that has passed is looked at while the clock cannot be right, or there is no list to hold it against. */
export const DEADLINE_LOOK_INTERVAL: Milliseconds = seconds(60);
/** How often one fragment is repeated to a reader whose receipt is missing; waits double. */
export const REMINDERS_MAX = 4;
/** The one after those waits for three days at least, longer than a weekend: a place that has brought no receipt until then is left. */
export const LAST_REMINDER_WAIT: Milliseconds = milliseconds(72 * 3_600_000);
/** And this long on average beyond that. */
export const LAST_REMINDER_SPREAD: Milliseconds = milliseconds(3 * 3_600_000);
/** A last reminder that is late by more fell due while the program did not run: what came meanwhile is read before it. Duties wait for seconds. */
export const REMINDER_LATE: Milliseconds = seconds(600);
/** Who sends a message again so long after it was read here has had no receipt: they were lost with the place that they went to. */
export const RECEIPT_PLACE_PATIENCE: Milliseconds = milliseconds(24 * 3_600_000);
/** One question that finds nothing new was unlucky; two in a row, at 1 % of loss, once in ten thousand mails. */
export const PLACE_MISSES_MAX = 2;
/** An answer on the link is late after this: nothing on it waits for a mix. */
export const ANSWER_WAIT: Milliseconds = seconds(20);
/** Mean of the first wait before the provider is dialled again; it doubles up to the longest. */
export const REDIAL_MEAN: Milliseconds = seconds(1);
export const REDIAL_MEAN_MAX: Milliseconds = seconds(120);
/** A link that held this long was a good one: the next wait is short again. */
export const LINK_PROVEN: Milliseconds = seconds(60);
/**
 * A link is dead when so many polls in a row, and all polls of so long a time, found no answer and nothing else came either. Polls
 * are answered after 10 ms: four in a row are not lost by chance, and in half a minute TCP sends a lost segment seven times; a line
 * that loses a tenth loses all of them once in ten million times. In the mail profile it is the polls that count, a minute of them, in chat the time.
 */
export const SILENT_POLLS_MIN = 4;
export const SILENCE_MIN: Milliseconds = seconds(30);
/** Between two polls no more of the silence is counted than this: a computer that slept heard nothing on a good line either. */
export const SILENCE_STEP_MAX: Milliseconds = seconds(10);
/**
 * A line is unsteady when its link ended so many times within an hour. Around each end there are 75 s of the mail profile in which no loop
 * shows what was lost (`LINK_SETTLING`, `LOOP_FLIGHT`, the time since the last answer), and `LINE_ENDS_APART` in which it may end again:
 * with five, of which this rule says nothing, a seventh of an hour, less than the fifth that loops show soon. An honest line that breaks by
 * chance six times a day has six ends within an hour once in a hundred years, at twelve a day once in 22 months, at 24 once in 19 days.
 */
export const LINE_ENDS_UNSTEADY = 6;
/** And is steady again when fewer than so many are left of the last hour. */
export const LINE_ENDS_STEADY = 3;
export const LINE_WINDOW: Milliseconds = milliseconds(3_600_000);
/**
 * And when it ended so many times within six hours: with 17, of which nothing is said, what comes in a twelfth of the time can be dropped
 * unseen. Of an honest line this says less than the rule before: at 24 ends a day once in some two years (the other: once in 19 days),
 * at 36 once in twelve days (in three), at 48 every other day (every day); each rule simulated alone.
 */
export const LINE_ENDS_UNSTEADY_SLOW = 18;
/** And is steady again when fewer than half of them are left. */
export const LINE_ENDS_STEADY_SLOW = 9;
export const LINE_WINDOW_SLOW: Milliseconds = milliseconds(6 * 3_600_000);
/** What ends within this after one that counted is the same trouble: a wireless line that goes and comes while somebody walks through a house. */
export const LINE_ENDS_APART: Milliseconds = seconds(30);
/** A link that was up while the computer slept, or its clock was set, may end for that: so often is looked, and so far may a look be off. */
export const AWAKE_LOOK: Milliseconds = seconds(30);
export const AWAKE_TOLERANCE: Milliseconds = seconds(10);
/** Nodes dial one another again within five seconds of a start, and a list is fetched; several times that. */
export const LINK_SETTLING: Milliseconds = seconds(30);
/** A loop that is not back after so many mean times in mixes is lost: one in 20,000 takes longer. */
export const LOOP_PATIENCE = 5;
/**
 * With a link that ends go the loops of so many mean times in mixes before its last answer: a provider that was started anew has lost
 * what was on its way. Six of a hundred loops take longer: started anew every hundred seconds, it loses 0.3 % of those that count.
 */
export const LOOP_FLIGHT = 2;
/** Own loops are counted for an hour. */
export const LOOP_WINDOW: Milliseconds = milliseconds(3_600_000);
/** Shown apart, for they tell of a mix that failed a moment ago: 8 s of a demonstration, 18 minutes of the mail profile. */
export const LOOPS_RECENT = 10;
/** Own loops on their way: more than a client of 0.16 loops a second sends while a full mailbox of 8,192 is emptied at 1.3 polls a second. */
export const LOOPS_OUT_MAX = 4096;
/** As many entries as a mailbox holds may come before one that lies in it. */
export const MAILBOX_ANSWERS_MAX = 8192;
/** What the status shows of departures. */
export const DEPARTURES_WINDOW: Milliseconds = milliseconds(60_000);
export const DEPARTURES_MAX = 2_000;
/** Beyond what the way of the question explains. A clock that the network sets is right to some tens of milliseconds (docs/anonymity.md). */
export const CLOCK_DIFFERENCE_TOLD: Milliseconds = seconds(1);
/** The parts of a mailbox key's lifetime: its record is uploaded once in each; in the last two it is replaced. */
export const RECORD_UPLOADS_PER_LIFETIME = 7;
/**
 * Mailbox keys are made this many parts of a lifetime before they are in force: more than pass between two uploads, and more than
 * two devices' clocks differ.
 */
export const KEYS_AHEAD_PARTS = 3;
/** Fragments of a large message that may be on their way before its reader's provider is asked for them: one question's worth. */
export const FRAGMENTS_UNASKED_MAX = 512;
/** After so many look-ups of one reader in vain the waits do not grow any more: by then they are a day, in a network for people. */
export const LOOKUP_DOUBLINGS_MAX = 8;
/**
 * For so many polls of the slower profile a removal waits for the notices of those before it to come out of the mailbox: two minutes. What
 * is then still in front of them takes longer, and the user is told to try again.
 */
export const NOTICE_POLLS = 8;
/** What a new device is given: keys of two months and more, one every five days; with the rest it fits a CONTROL frame. */
export const BUNDLE_KEYS_MAX = 24;
export const BUNDLE_GUARDS_MAX = 8;
export const BUNDLE_EXTRA_BYTES_MAX = 4096;
/** What a person calls a device, in UTF-8; every label is as long as the longest. */
export const DEVICE_NAME_BYTES_MAX = 64;

// Tokens for requests (docs/spec/13-tokens.md §4).

/** Mean wait from the start of a session to its first order. */
export const TOKEN_FIRST_WAIT: Milliseconds = seconds(1);
/** Mean wait before looking again: after an order, while the link is down, and after a provider did not answer. */
export const TOKEN_RETRY_WAIT: Milliseconds = seconds(20);
/** After so many orders in a row that found no answer the waits do not grow any more: they are then 20 minutes. */
export const TOKEN_RETRY_DOUBLINGS_MAX = 6;
/** The next period's order is somewhere in this share of the one before. */
export const TOKEN_ORDER_SPREAD = 0.9;
/** How often a client asks what became of an order before it gives up. */
export const TOKEN_ASKS_MAX = 16;
/** Orders that name one provider in one period: one whose provider does not answer is not asked for for ever. */
export const TOKEN_ORDERS_PER_PROVIDER_MAX = 5;
/**
 * How long a request waits for the first tokens. A new account has them after half a minute in the mail profile; one whose provider
 * comes back looks after 20 s, and a provider that does not answer is asked again. Then who asked is told.
 */
export const TOKEN_PATIENCE: Milliseconds = seconds(600);
/** Between two pieces of work, some 20 ms each: a tick finds the thread free four times of five, and is late by no more. */
export const TOKEN_PIECE_INTERVAL: Milliseconds = milliseconds(100);
