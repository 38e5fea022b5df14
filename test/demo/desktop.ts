/** One reader of the demo, as the demo sees her: the contract's methods, called in her own process. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EventName, Input, Message, Method, Output } from "#main/contract/contract.ts";
import { Child } from "./child.ts";
import { type Machine, THIS_MACHINE } from "./machine.ts";
import type { FragmentSeen, Observations, SlotSeen } from "./observations.ts";

const script = fileURLToPath(new URL("desktop-process.ts", import.meta.url));

/** What the reader's process found in its own store. */
export interface Read {
  readonly message: Message;
  readonly bodySha256: string;
  readonly attachments: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  /** The clock of that process when it had read all of it. */
  readonly readAt: number;
}

export class Desktop {
  readonly name: string;
  readonly #start: () => Child;
  #child: Child;
  readonly #waiting = new Set<() => void>();

  /** `onEvent` hears all that the process tells, for tests that look closer; `program` is what runs in it, a host with all of a desktop's orders. */
  constructor(options: {
    name: string;
    folder: string;
    observations: Observations;
    onEvent?: (event: string, data: unknown) => void;
    machine?: Machine;
    program?: string;
  }) {
    const { name, folder, observations, onEvent, machine = THIS_MACHINE, program = script } = options;
    this.name = name;
    const logFile = join(folder, "logs", `${name}.log`);
    this.#start = () => {
      const child = new Child({ name, script: program, args: [join(machine.disk ?? folder, name)], logFile, machine });
      child.onEvent((event, data) => {
        onEvent?.(event, data);
        if (event === "fragment") observations.addFragment(data as FragmentSeen);
        else if (event === "slot") observations.addSlot(data as SlotSeen);
        else for (const look of this.#waiting) look();
      });
      return child;
    };
    this.#child = this.#start();
  }

  async ready(): Promise<void> {
    await this.#child.ready();
  }

  /** As Child's, of the process that runs now. */
  ended(): Promise<string | undefined> {
    return this.#child.ended;
  }

  /** Starts the program again on the same folder, after it ended. Its account is locked then. */
  async restart(): Promise<void> {
    this.#child = this.#start();
    await this.ready();
  }

  /** Opens this reader's window in a browser, once. */
  url(): Promise<string> {
    return this.#child.call("url") as Promise<string>;
  }

  call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>> {
    return this.#child.call("call", { method, input }) as Promise<Output<M>>;
  }

  attach(draftId: string, { name, type, bytes }: { name: string; type: string; bytes: Uint8Array }): Promise<unknown> {
    return this.#child.call("attach", { draftId, name, type, base64: Buffer.from(bytes).toString("base64") });
  }

  /** Makes a draft of a message/rfc822 file. */
  importMail(source: Uint8Array): Promise<Output<"draft.save">> {
    const base64 = Buffer.from(source).toString("base64");
    return this.#child.call("importMail", { base64 }) as Promise<Output<"draft.save">>;
  }

  read(messageId: string, conversationId: string): Promise<Read> {
    return this.#child.call("read", { messageId, conversationId }) as Promise<Read>;
  }

  /**
   * Asks again at every event of this desktop, and every second, until the answer is not undefined. Rejects with a sentence
   * that names what was waited for.
   */
  async until<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    while (Date.now() < deadline) {
      const news = this.#news();
      const answer = await ask();
      if (answer !== undefined) return answer;
      await news;
    }
    throw new Error(`${this.name} waited ${seconds} seconds for ${what}, and it did not come.`);
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(look, 1_000);
      this.#waiting.add(look);
    });
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }

  crash(): Promise<void> {
    return this.#child.crash();
  }

  pause(): void {
    this.#child.pause();
  }

  resume(): void {
    this.#child.resume();
  }
}

/** Events of the contract that a desktop's process passes on. */
export const EVENTS: readonly EventName[] = ["app.changed", "mail.changed", "journey.changed", "network.changed"];
