/**
 * A provider's side of its clients' links: passes their packets to the first mix, answers each poll with one body, real or
 * not, and serves documents and account requests. Spec: docs/spec/07-mailbox.md §1
 */

import { toHex } from "#transport/core/bytes.ts";
import type { Clock } from "#transport/core/clock.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { type Epoch, milliseconds, type NodeId, surbId } from "#transport/core/units.ts";
import type { Primitives } from "#transport/crypto/suite.ts";
import type { Network } from "#transport/directory/model.ts";
import {
  type ControlAnswer,
  type ControlRequest,
  type ControlResult,
  decodeControlRequest,
  encodeControlAnswer,
} from "#transport/link/control.ts";
import { decodeFrame, encodeFrame, type Frame } from "#transport/link/frame.ts";
import type { FrameSizes } from "#transport/link/frame-table.ts";
import type { Link } from "#transport/link/link.ts";
import type { AccountRequest } from "../accounts/accounts.ts";
import type { Entry as MailboxEntry } from "../mailbox/mailbox-store.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import { AnswerFrames } from "./answer-frames.ts";
import { Budgets } from "./budgets.ts";
import { DocumentSender } from "./document-sender.ts";
import { Given } from "./given.ts";
import { POLL_ANSWER_WAIT, POLL_ANSWERS_WAITING_MAX, STRANGERS_MAX } from "./limits.ts";

export interface EntryDependencies {
  readonly clock: Clock;
  readonly network: Network;
  readonly sizes: FrameSizes;
  /** Answers that carry nothing. */
  readonly padding: RandomSource;
  readonly primitives: Pick<Primitives, "chacha20InPlace">;
  readonly accounts: {
    /** Of a device; undefined for a stranger. */
    accountOf(key: Uint8Array): number | undefined;
    handle(key: Uint8Array, request: AccountRequest, from?: string): ControlAnswer;
  };
  readonly tokens: {
    order(key: Uint8Array, order: Uint8Array): { readonly result: ControlResult; readonly body?: Uint8Array };
  };
  readonly mailbox: {
    next(options: { deviceKey: Uint8Array; cursor: number; behind: number }): MailboxEntry | undefined;
  };
  /** The signed bytes of a consensus, if this provider has it. */
  readonly consensus: (epoch: Epoch | "current") => Uint8Array | undefined;
  readonly forward: (firstHop: NodeId, packet: Uint8Array) => void;
  readonly onDrop: (reason: DropReason) => void;
}

export class Entry {
  readonly #deps: EntryDependencies;
  readonly #budgets: Budgets;
  readonly #documents: DocumentSender;
  readonly #frames: AnswerFrames;
  /** One link per device, by its key in hexadecimal: the newest. */
  readonly #links = new Map<string, Link>();
  /** Links of devices that had no account when they came, or when they last asked; in the order in which that was seen. */
  readonly #strangers = new Set<Link>();
  #answersWaiting = 0;

  constructor(deps: EntryDependencies) {
    this.#deps = deps;
    this.#budgets = new Budgets(deps.network.parameters);
    this.#documents = new DocumentSender(deps);
    this.#frames = new AnswerFrames(deps);
  }

  /** A link from a client; its certificate's key is the device's. */
  accept(link: Link): void {
    const device = toHex(link.peer.key);
    // The old one is often dead without knowing it: the device's address has changed.
    this.#links.get(device)?.close();
    this.#links.set(device, link);
    link.onClose(() => {
      if (this.#links.get(device) === link) this.#links.delete(device);
      this.#strangers.delete(link);
      this.#documents.forget(link);
    });
    if (this.#deps.accounts.accountOf(link.peer.key) === undefined) this.#makeRoomFor(link);
    const given = new Given();
    link.onFrame((bytes) => this.#receive({ link, given }, bytes), { lent: true });
  }

  get links(): number {
    return this.#links.size;
  }

  stop(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** Anybody can make keys and dial with them: strangers take places from each other, never from those who have an account. */
  #makeRoomFor(stranger: Link): void {
    const { accounts, onDrop } = this.#deps;
    for (const link of this.#strangers) {
      if (this.#strangers.size < STRANGERS_MAX) break;
      this.#strangers.delete(link);
      if (accounts.accountOf(link.peer.key) !== undefined) continue; // has signed up since
      onDrop("TOO_MANY_LINKS");
      link.close();
    }
    this.#strangers.add(stranger);
  }

  /** Also who had an account when it came: else who is let in and removed without end would take every place. */
  #countAsStranger(link: Link): void {
    if (!this.#strangers.has(link) && this.#links.get(toHex(link.peer.key)) === link) this.#makeRoomFor(link);
  }

  #receive(line: Line, bytes: Uint8Array): void {
    const { accounts, onDrop, sizes, clock } = this.#deps;
    const { link } = line;
    const deviceKey = link.peer.key;
    const frame = withoutThrow(() =>
      decodeFrame(bytes, { protocol: "starling-client/2", direction: "fromDialer", sizes }),
    );
    if (frame === undefined) {
      onDrop("BAD_FRAME");
      return link.close();
    }
    const kind = frame.type;
    if (kind !== "send" && kind !== "poll" && kind !== "getConsensus" && kind !== "control") return;
    if (!this.#budgets.takeOfDevice(deviceKey, kind, clock.now())) return onDrop("OVER_BUDGET");
    // After the device's own: who floods costs no look into the database.
    const account = accounts.accountOf(deviceKey);
    const hasAccount = account !== undefined;
    if (!hasAccount) this.#countAsStranger(link);
    if (hasAccount && !this.#budgets.takeOfAccount(account, kind, clock.now())) return onDrop("OVER_BUDGET");
    this.#handle({ ...line, hasAccount }, frame);
  }

  #handle(line: Asking, frame: Frame): void {
    const { forward, onDrop, consensus, network } = this.#deps;
    const { link, hasAccount } = line;
    switch (frame.type) {
      case "send":
        return hasAccount ? forward(frame.firstHop, frame.packet) : onDrop("NO_ACCOUNT");
      case "poll":
        return this.#answerPoll(line, frame.cursor);
      case "getConsensus":
        return this.#documents.send(link, {
          document: frame.epoch === "network" ? network.bytes : consensus(frame.epoch),
          // Six authorities' keys and signatures already make a network file longer than a small network's list.
          room: Math.max(network.bytes.length, consensus("current")?.length ?? 0),
        });
      case "control":
        return this.#answerControl(link, frame.body);
      default:
    }
  }

  /**
   * Exactly one answer, always of the same size and after the same time: also to a device without an account, and when nothing
   * is here. To read an entry takes longer than to find none, and a watcher of the line could see how much longer.
   * None at all where too many wait: the next poll asks for the same.
   */
  #answerPoll({ link, given, hasAccount }: Asking, cursor: number): void {
    const { mailbox, clock, onDrop } = this.#deps;
    if (this.#answersWaiting >= POLL_ANSWERS_WAITING_MAX) return onDrop("POLLS_BUSY");
    const due = milliseconds(clock.now() + POLL_ANSWER_WAIT);
    const entry = mailbox.next({ deviceKey: link.peer.key, cursor, behind: given.polled(cursor) });
    if (entry !== undefined) given.gave(entry.seq);
    const frame =
      entry === undefined
        ? // A device that another one has removed learns it so, and nobody else does.
          this.#frames.empty(hasAccount ? "none" : "no-account")
        : this.#frames.carrying({ ...entry, cursor: entry.seq, surbId: surbId(entry.surbId) });
    const giveBack = (): void => this.#frames.giveBack(frame);
    const { losses } = given;
    this.#answersWaiting++;
    clock.at(due, () => {
      this.#answersWaiting--;
      // Lost on a congested line, and with it all that wait: whatever they carry, and what they carry would leave a gap.
      const isLost = losses !== given.losses;
      if (!isLost && link.send(frame, giveBack)) return;
      giveBack();
      if (!isLost) given.lost();
    });
  }

  #answer({ peer, from }: Link, request: ControlRequest): ControlAnswer {
    const { accounts, tokens } = this.#deps;
    if (request.kind !== "order-tokens") return accounts.handle(peer.key, request, from);
    return { id: request.id, body: new Uint8Array(0), ...tokens.order(peer.key, request.order) };
  }

  #answerControl(link: Link, body: Uint8Array): void {
    const { sizes, onDrop } = this.#deps;
    // A copy: what is asked for may be kept, and the frame is only lent.
    const request = withoutThrow(() => decodeControlRequest(new Uint8Array(body)));
    if (request === undefined) onDrop("BAD_FRAME");
    const answer: ControlAnswer =
      request === undefined ? { id: 0, result: "MALFORMED", body: new Uint8Array(0) } : this.#answer(link, request);
    link.send(encodeFrame({ type: "controlAnswer", body: encodeControlAnswer(answer) }, sizes));
  }
}

/** A link, and what it was given. */
interface Line {
  readonly link: Link;
  readonly given: Given;
}

/** With what it is at the moment at which it asks. */
interface Asking extends Line {
  readonly hasAccount: boolean;
}

function withoutThrow<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
