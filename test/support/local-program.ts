/** A program that uses a local client, as one in another language would: lines of JSON over a socket. */

import { connect, type Socket } from "node:net";

export interface Answer {
  readonly id: number | null;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string };
}

export class LocalProgram {
  readonly #socket: Socket;
  readonly #open = new Map<number, (answer: Answer) => void>();
  /** Answers to no call of ours. */
  readonly strays: Answer[] = [];
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  #newest = 0;
  readonly #begun: string[] = [];

  static connect(path: string): Promise<LocalProgram> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new LocalProgram(socket));
      });
    });
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#heard(text));
    socket.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      socket.on("close", () => resolve());
    });
  }

  /** Any answer, errors too. Rejects when the connection ends first. */
  call(call: string, fields: object = {}): Promise<Answer> {
    const id = this.#newest++;
    const answer = new Promise<Answer>((resolve) => this.#open.set(id, resolve));
    void this.write(`${JSON.stringify({ id, call, ...fields })}\n`);
    const gone = this.ended.then(() => {
      throw new Error("the connection ended");
    });
    gone.catch(() => undefined);
    return Promise.race([answer, gone]);
  }

  /** Throws with the code of an error. */
  async result(call: string, fields: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const { result, error } = await this.call(call, fields);
    if (result === undefined) throw new Error(`${error?.code}: ${error?.message}`);
    return result;
  }

  /** Anything; resolves when the system has taken it. */
  write(text: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(text, () => resolve());
    });
  }

  /** Reads nothing from now on. */
  deafen(): void {
    this.#socket.pause();
  }

  listen(): void {
    this.#socket.resume();
  }

  close(): Promise<void> {
    this.#socket.destroy();
    return this.ended;
  }

  #heard(text: string): void {
    const [end = "", ...lines] = text.split("\n");
    this.#begun.push(end);
    for (const next of lines) {
      this.#answered(JSON.parse(this.#begun.join("")) as Answer);
      this.#begun.splice(0, this.#begun.length, next);
    }
  }

  #answered(answer: Answer): void {
    const open = answer.id === null ? undefined : this.#open.get(answer.id);
    if (open === undefined) this.strays.push(answer);
    else open(answer);
    if (answer.id !== null) this.#open.delete(answer.id);
  }
}
