/** Bounds of the local client, each with its reason. What a program does must not take memory without end, nor hold up a tick. */

import { type Milliseconds, seconds } from "../core/units.ts";

/** As long as anything that a network for people carries (25 MiB); shorter networks say so themselves. */
export const BODY_BYTES_MAX = 25 * 2 ** 20;
/** The longest body in base64url, and a kilobyte for the rest of its line. */
export const LINE_BYTES_MAX = Math.ceil((BODY_BYTES_MAX * 4) / 3) + 1024;
/**
 * Braces, brackets, commas and quotes in a line: a call is one flat object of six members at most, which has some thirty. A line of
 * nothing but these would become a hundred times as large in memory.
 */
export const LINE_SIGNS_MAX = 64;
/** Programs of one person on one machine; each may take twice LINE_BYTES_MAX while it sends and takes the largest messages. */
export const CONNECTIONS_MAX = 16;
/** Questions take minutes, and a program may have some going and follow some messages meanwhile. */
export const CALLS_OPEN_MAX = 32;
/** While calls with more than this are open, no more is read from their connection: a large body takes its memory once. */
export const OPEN_BYTES_PAUSE = 2 ** 20;
/** Messages that one connection has and has not said `done` of. */
export const HELD_MAX = 64;
/** Six days of sending in the mail profile, and some 330 MB on the disk: what waits longer than a month is given up anyway. */
export const QUEUED_FRAGMENTS_MAX = 16_384;
/** An address has 320 bytes at most by RFC 5321; a service's name is at most as long as the network's own check lets it be. */
export const ADDRESS_CHARACTERS_MAX = 320;
/** Of what is said about a broken line: parts of it may stand in it. */
export const COMPLAINT_CHARACTERS_MAX = 200;
/** A Unix domain socket's path on Linux has 107 bytes; macOS takes 103. */
export const SOCKET_PATH_BYTES_MAX = 103;
/** A disk that is full fails every call of a program that does not give up. */
export const FAULT_SAID_INTERVAL: Milliseconds = seconds(10);
/** JSON and base64 of the longest line, several times over; what a line can become is bounded by LINE_SIGNS_MAX. */
export const HEAP_MEBIBYTES_MAX = 768;
