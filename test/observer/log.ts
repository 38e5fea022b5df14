/**
 * The adversary's log as a file: what somebody sees who watches links, and what a provider sees of its mailboxes.
 * Spec: docs/spec/14-observer-log.md
 */

/** One record that passed a link. */
export interface LinkRecord {
  /** Milliseconds. */
  readonly at: number;
  /** The number of a link that was declared before. */
  readonly link: number;
  /** `>` comes from the side that dialled, `<` goes to it. */
  readonly direction: ">" | "<";
  /** Bytes on the line. */
  readonly length: number;
}

/** What a provider sees: an entry came into a mailbox, or a device asked for one. */
export interface MailboxEvent {
  readonly at: number;
  readonly kind: "arrival" | "poll";
  readonly mailbox: number;
}

export interface LinkName {
  /** `client`, `node` or `directory`, as the protocol of docs/spec/05-link.md §1 says. */
  readonly protocol: string;
  readonly dialer: string;
  readonly listener: string;
}

export interface MailboxName {
  readonly provider: string;
  /** Of the person, in a simulation; the mailbox id in hexadecimal, in a live network. */
  readonly owner: string;
}

export interface ObserverLog {
  /** `frame`: lengths are whole frames; `tls`: lengths are TLS records with their 5-byte header. */
  readonly unit: LogUnit;
  readonly links: readonly LinkName[];
  readonly mailboxes: readonly MailboxName[];
  readonly records: readonly LinkRecord[];
  readonly events: readonly MailboxEvent[];
}

export type LogUnit = "frame" | "tls";

const TITLE = "starling-observer-log";
const VERSION = "1";
const BUFFERED_CHARACTERS = 64 * 1024;

/** Writes a log line by line; `sink` gets text in pieces. Names must hold no white space. */
export class LogWriter {
  readonly #sink: (text: string) => void;
  #buffer = "";
  #links = 0;
  #mailboxes = 0;

  constructor(options: { sink: (text: string) => void; unit: LogUnit }) {
    this.#sink = options.sink;
    this.#line(`${TITLE} ${VERSION} ${options.unit}`);
  }

  /** Gives the number by which records name the link. */
  link({ protocol, dialer, listener }: LinkName): number {
    this.#line(`L ${this.#links} ${word(protocol)} ${word(dialer)} ${word(listener)}`);
    return this.#links++;
  }

  mailbox({ provider, owner }: MailboxName): number {
    this.#line(`M ${this.#mailboxes} ${word(provider)} ${word(owner)}`);
    return this.#mailboxes++;
  }

  record({ at, link, direction, length }: LinkRecord): void {
    this.#line(`R ${time(at)} ${link} ${direction} ${length}`);
  }

  event({ at, kind, mailbox }: MailboxEvent): void {
    this.#line(`${kind === "arrival" ? "A" : "P"} ${time(at)} ${mailbox}`);
  }

  /** Gives what is left to the sink. */
  end(): void {
    if (this.#buffer !== "") this.#sink(this.#buffer);
    this.#buffer = "";
  }

  #line(text: string): void {
    this.#buffer += `${text}\n`;
    if (this.#buffer.length >= BUFFERED_CHARACTERS) this.end();
  }
}

/** Reads a whole log. Throws with the number of the line that is not of the format. */
export function readLog(text: string): ObserverLog {
  const lines = text.split("\n");
  const unit = /^starling-observer-log 1 (frame|tls)$/.exec(lines[0] ?? "")?.[1];
  if (unit === undefined) throw new Error("line 1: not an observer's log of version 1");
  if (lines.at(-1) !== "") throw new Error("the last line does not end");
  const log = {
    unit: unit as LogUnit,
    links: [] as LinkName[],
    mailboxes: [] as MailboxName[],
    records: [] as LinkRecord[],
    events: [] as MailboxEvent[],
  };
  for (let i = 1; i < lines.length - 1; i++) {
    if (!take(log, (lines[i] as string).split(" "))) throw new Error(`line ${i + 1}: ${lines[i]}`);
  }
  return log;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

/** False when the words are no line of this log. */
function take(log: Mutable<ObserverLog>, [kind, ...words]: string[]): boolean {
  const [first = "", second = "", third = "", fourth = ""] = words;
  switch (kind) {
    case "L":
      if (words.length !== 4 || whole(first) !== log.links.length) return false;
      log.links.push({ protocol: second, dialer: third, listener: fourth });
      return true;
    case "M":
      if (words.length !== 3 || whole(first) !== log.mailboxes.length) return false;
      log.mailboxes.push({ provider: second, owner: third });
      return true;
    case "R": {
      const [at, link, length] = [moment(first), whole(second), whole(fourth)];
      if (words.length !== 4 || !(link < log.links.length) || Number.isNaN(at + length)) return false;
      if (third !== ">" && third !== "<") return false;
      log.records.push({ at, link, direction: third, length });
      return true;
    }
    case "A":
    case "P": {
      const [at, mailbox] = [moment(first), whole(second)];
      if (words.length !== 2 || !(mailbox < log.mailboxes.length) || Number.isNaN(at)) return false;
      log.events.push({ at, kind: kind === "A" ? "arrival" : "poll", mailbox });
      return true;
    }
    default:
      return false;
  }
}

const whole = (text: string): number => (/^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN);
const moment = (text: string): number => (/^(0|[1-9]\d{0,15})(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN);

/** Whole microseconds at most: `12`, `12.5`, `12.345`. */
const time = (at: number): string => String(Math.round(at * 1000) / 1000);

function word(name: string): string {
  if (!/^\S+$/.test(name)) throw new Error(`"${name}" cannot stand in a log`);
  return name;
}
