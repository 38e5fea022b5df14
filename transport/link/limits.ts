/** Every bound of a link, with its reason. */

import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";

/** TCP, TLS 1.3 with a hybrid key share and two certificates take three round trips; ten seconds allow a bad line. */
export const HANDSHAKE_TIME_MAX: Milliseconds = seconds(10);

/** When all places for handshakes are taken, the oldest keeps its own for this long: three round trips of a slow line. */
export const HANDSHAKE_TIME_KEPT: Milliseconds = seconds(2);

/** A handshake costs some 3 ms of one core, a quarter of it the proof of the link key: more than this at once are an attack or a stampede, and both may wait. */
export const HANDSHAKES_MAX = 256;

/**
 * With 4,000 web links and the handshakes of both 20,384, of the 65,536 open files that build/units grant; the rest is for the
 * database and outgoing links. Where fewer are granted a connection beyond them is refused.
 */
export const LINKS_MAX = 16_000;

/** Up to here a frame that has begun lies in memory of its own, which grows with what comes: who begins one and stops gets no whole frame's. */
export const OWN_FRAME_BYTES = 4096;

/** Memory of lent frames kept for the next ones, for all links of a listener: as many as are in their midst at once. 2 MB at 28 KiB. */
export const FRAME_MEMORY_KEPT = 64;

/** A frame that has begun must be whole within this time, and what its bytes take on the slowest line: no honest peer writes half a frame. */
export const PARTIAL_FRAME_TIME_MAX: Milliseconds = seconds(60);

/** 1 Mbit/s, the slowest line of a node: its packets alone are more. A list of a thousand nodes, 11 MB, takes a minute and a half on it. */
export const LINE_BYTES_PER_SECOND_MIN = 125_000;
export const lineTime = (bytes: number): Milliseconds => milliseconds((bytes / LINE_BYTES_PER_SECOND_MIN) * 1000);

/** A link on which nothing arrives for so long is dead: the slowest profile polls every 10 s, nodes send loops. */
export const IDLE_TIME_MAX: Milliseconds = seconds(600);

/** How often the two limits above are looked at: one timer for all links of a dialer or listener, none per link. */
export const SWEEP_INTERVAL: Milliseconds = seconds(5);

/**
 * Between nodes: some 290 packets of 28 KiB, a tenth of a second at full load. Less would turn each pause of the machine, and each
 * turn of its loop in which a slot's packets of many clients come at once, into loss.
 */
export const NODE_SEND_BUFFER_BYTES = 8 * 2 ** 20;

/** To and from a client: four packets. More would turn a stall of the line into a burst behind it. */
export const CLIENT_SEND_BUFFER_BYTES = 128 * 1024;

/** One consensus of 1,000 nodes with nine X-Wing keys each, a live network's, is 11.3 MB; with twelve, in its first epoch, 15 MB. */
export const DIRECTORY_MESSAGE_BYTES_MAX = 16 * 2 ** 20;
/** The document in one: the length of the content, 4 bytes, and the authority's time, 8, stand before it. */
export const DOCUMENT_BYTES_MAX = DIRECTORY_MESSAGE_BYTES_MAX - 12;

/** One vote for 1,000 nodes with twelve X-Wing keys each is 20.3 MB: it has their keys and signatures too. Only between authorities. */
export const VOTE_BYTES_MAX = 32 * 2 ** 20;

/** A signed descriptor with 36 X-Wing keys, a full loop report and every text at its longest is 51.5 KB. */
export const DESCRIPTOR_BYTES_MAX = 52 * 1024;

/** What a CONTROL frame and its answer carry; sign-up with an 8 KiB certificate fits. */
export const CONTROL_BYTES = 16 * 1024;

/** The piece of a consensus in one CONSENSUS_PART frame. */
export const CONSENSUS_PART_BYTES = 32 * 1024;

/** Of all web handshakes at once: each is an HTTP request and two signatures, and browsers come in smaller numbers. */
export const WEB_HANDSHAKES_MAX = 128;

/** Handshakes at once from one address (the first 64 bits of an IPv6 one): a household or an office that comes back together. */
export const WEB_HANDSHAKES_PER_ADDRESS_MAX = 16;

/** Links from one address: a school behind one address fits, one machine cannot take all places. */
export const WEB_LINKS_PER_ADDRESS_MAX = 256;

/** Web links in all; with a begun frame of 28 KiB each they hold 112 MiB at worst. */
export const WEB_LINKS_MAX = 4_000;

/** A client asks for little before it listens: two documents' first pieces and an answer. */
export const WEB_EARLY_BYTES_MAX = 256 * 1024;
