/** Programs at a local client in the network in memory: their lines, the desk, and no threads or sockets between. */

import { Connection } from "#transport/local/connection.ts";
import { Desk } from "#transport/local/desk.ts";
import type { NetworkClient } from "#transport/library/network-client.ts";
import type { Answer } from "./local-program.ts";

export class LocalDesk {
  readonly desk: Desk;
  #newest = 0;

  constructor(client: NetworkClient) {
    this.desk = new Desk({ client, onFault: fail });
  }

  program(): DeskProgram {
    return new DeskProgram(this.desk, this.#newest++);
  }
}

/** What it is told is what a program at the other end of a socket would read. */
export class DeskProgram {
  readonly #desk: Desk;
  readonly #number: number;
  readonly #open = new Map<number, (answer: Answer) => void>();
  readonly #connection: Connection;
  #newest = 0;

  constructor(desk: Desk, number: number) {
    this.#desk = desk;
    this.#number = number;
    this.#connection = new Connection({
      wire: {
        write: (bytes) => this.#heard(bytes),
        end: (bytes) => void this.#heard(bytes),
        pause: () => undefined,
        resume: () => undefined,
      },
      onCall: (call) =>
        void desk.call(number, call).then((outcome) => outcome && this.#connection.answer(call.id, outcome)),
    });
  }

  call(call: string, fields: object = {}): Promise<Answer> {
    const id = this.#newest++;
    const answer = new Promise<Answer>((resolve) => this.#open.set(id, resolve));
    this.#connection.received(Buffer.from(`${JSON.stringify({ id, call, ...fields })}\n`));
    return answer;
  }

  /** Throws with the code of an error. */
  async result(call: string, fields: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const { result, error } = await this.call(call, fields);
    if (result === undefined) throw new Error(error?.code);
    return result;
  }

  close(): void {
    this.#desk.gone(this.#number);
  }

  #heard(bytes: Uint8Array): boolean {
    const answer = JSON.parse(Buffer.from(bytes).toString()) as Answer;
    this.#open.get(answer.id ?? -1)?.(answer);
    return true;
  }
}

function fail(error: unknown): never {
  throw error;
}

export const encoded = (text: string): string => Buffer.from(text).toString("base64url");
export const decoded = (value: unknown): string => Buffer.from(String(value), "base64url").toString();
