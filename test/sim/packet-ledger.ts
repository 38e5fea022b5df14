/**
 * Every packet that enters a node leaves it, ends there, waits there or is dropped with a reason; every frame that is sent is
 * under way, came, or was lost by a line or with its link. Looked at with each packet, and the sums at each step.
 */

import { BATCH_WAIT } from "#provider-server/mailbox/limits.ts";
import type { DropReason } from "#provider-server/observe/drop-reason.ts";
import type { Observer as NodeObserver } from "#provider-server/observe/observer.ts";
import type { ReplayTag } from "#transport/core/units.ts";
import { FRAME_TYPES } from "#transport/link/frame-table.ts";
import type { Invariants } from "./invariants.ts";
import type { Coming, FrameTally, Passage } from "./network-in-memory.ts";

/** What one node did, since its process began. */
class Book {
  arrived = 0;
  held = 0;
  left = 0;
  delivered = 0;
  dropped = 0;
  framesOut = 0;
  /** The frame, and the drop, that one departure was said to be already. */
  claimedFrame = 0;
  claimedDrop = 0;
  /** Entries that the mailboxes have neither stored nor dropped, oldest first, and when they came. */
  readonly entries = new Map<string, number>();
}

/** What becomes of an entry that waited for the disk. */
const ENTRY_DROPS: ReadonlySet<DropReason> = new Set<DropReason>([
  "MAILBOX_UNKNOWN",
  "MAILBOX_FULL",
  "DISK_FULL",
  "DUPLICATE",
]);
/** Commits wait for company, and a look comes once a second. */
const ENTRY_WAIT = BATCH_WAIT + 1_000;

export interface PacketLedgerOptions {
  readonly invariants: Invariants;
  readonly now: () => number;
  /** The machine of a node id. */
  readonly machineOf: (node: Uint8Array) => string;
  /** With tokens some replies end at the provider itself, in no mailbox. */
  readonly tokens: boolean;
}

export class PacketLedger {
  readonly #options: PacketLedgerOptions;
  readonly #books = new Map<string, Book>();
  /** The machine whose frame is being handled. */
  #handling: string | undefined;

  constructor(options: PacketLedgerOptions) {
    this.#options = options;
  }

  readonly observer: NodeObserver = {
    packetArrived: ({ node }) => void this.#book(node).arrived++,
    packetHeld: ({ node }) => void this.#book(node).held++,
    packetLeft: ({ node, sent }) => this.#left(this.#options.machineOf(node), sent),
    packetDelivered: ({ node, tag, command }) => {
      const book = this.#book(node);
      book.delivered++;
      const isEntry = command === "mailbox" || (command === "reply" && !this.#options.tokens);
      if (isEntry) book.entries.set(keyOf(tag), this.#options.now());
    },
    entryStored: ({ node, tag }) => void this.#book(node).entries.delete(keyOf(tag)),
    dropped: ({ node, reason }) => {
      const machine = this.#options.machineOf(node);
      const book = this.#bookOf(machine);
      book.dropped++;
      if (ENTRY_DROPS.has(reason) && this.#handling !== machine)
        book.entries.delete(book.entries.keys().next().value ?? "");
      // A mailbox that takes no more says so while the packet is handled: it is the last one.
      if (reason === "MAILBOX_BUSY") book.entries.delete([...book.entries.keys()].at(-1) ?? "");
    },
  };

  passed({ from, protocol, direction }: Passage): void {
    if (protocol === "starling-node/2" && direction === "fromDialer") this.#bookOf(from).framesOut++;
  }

  /** Hands a frame to its machine and looks at what that makes of it. */
  coming({ machine, protocol, direction, frame, handle }: Coming): void {
    if (direction !== "fromDialer") return handle();
    const isPacket = protocol === "starling-node/2";
    const isSend = protocol === "starling-client/2" && frame[0] === FRAME_TYPES.send;
    if (!isPacket && !isSend) return handle();
    const book = this.#bookOf(machine);
    const { arrived, held, delivered, dropped, framesOut } = book;
    this.#handling = machine;
    handle();
    this.#handling = undefined;
    const drops = book.dropped - dropped;
    if (isSend) {
      return this.#hold(
        book.framesOut - framesOut + drops === 1,
        () => `${machine}: a client's packet neither left nor was dropped`,
      );
    }
    const accepted = book.arrived - arrived;
    const kept = book.held - held;
    const ended = book.delivered - delivered;
    const isRight = accepted === 0 ? drops === 1 : ended === 1 ? kept === 0 && drops <= 1 : kept + drops === 1;
    this.#hold(
      isRight && accepted <= 1,
      () => `${machine}: of one packet ${accepted} accepted, ${kept} held, ${ended} ended there, ${drops} dropped`,
    );
  }

  /** The node's process is gone, and with it what it held. */
  gone(machine: string): void {
    this.#books.delete(machine);
  }

  /** `held`: how many packets a node that runs holds. */
  look(held: ReadonlyMap<string, number>, tally: FrameTally): void {
    const { now } = this.#options;
    for (const [machine, packets] of held) {
      const book = this.#bookOf(machine);
      const expected = book.held - book.left;
      this.#hold(
        packets === expected,
        () => `${machine} holds ${packets} packets: ${expected} came to stay and have not left`,
      );
      const oldest = book.entries.values().next().value;
      this.#hold(
        oldest === undefined || now() - oldest <= ENTRY_WAIT,
        () => `${machine}: an entry was neither stored nor dropped within ${ENTRY_WAIT} ms`,
      );
    }
    const { sent, doubled, lostOnLine, lostWithLink, underWay, unread, arrived } = tally;
    const found = lostOnLine + lostWithLink + underWay + unread + arrived;
    this.#hold(
      sent + doubled === found,
      () => `${sent + doubled} frames were sent or doubled, ${found} are accounted for`,
    );
  }

  #left(machine: string, sent: boolean): void {
    const book = this.#bookOf(machine);
    book.left++;
    // A departure is told right after its frame was written, or its drop.
    const [last, claimed] = sent ? [book.framesOut, book.claimedFrame] : [book.dropped, book.claimedDrop];
    this.#hold(last > claimed, () => `${machine}: a packet's time came and it was neither written nor dropped`);
    if (sent) book.claimedFrame = last;
    else book.claimedDrop = last;
  }

  #hold(isRight: boolean, detail: () => string): void {
    this.#options.invariants.check("packets conserved", isRight, detail);
  }

  #book(node: Uint8Array): Book {
    return this.#bookOf(this.#options.machineOf(node));
  }

  #bookOf(machine: string): Book {
    let book = this.#books.get(machine);
    if (book === undefined) {
      book = new Book();
      this.#books.set(machine, book);
    }
    return book;
  }
}

const keyOf = (tag: ReplayTag): string => Buffer.from(tag.buffer, tag.byteOffset, tag.length).toString("latin1");
