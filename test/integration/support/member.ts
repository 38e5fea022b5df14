/** A person at her desktop, which may be killed and started again at any moment of a test. */

import type { Input, Journey, Message, Method, Output } from "#main/contract/contract.ts";
import { Desktop, type Read } from "#test/demo/desktop.ts";
import { type Machine, THIS_MACHINE } from "#test/demo/machine.ts";
import type { Domain } from "#test/demo/network-files.ts";
import { Observations } from "#test/demo/observations.ts";
import { PASSPHRASE, type Person } from "#test/demo/story.ts";

interface MemberOptions {
  readonly name: string;
  readonly domain: Domain;
  readonly folder: string;
  readonly onEvent: (event: string, data: unknown) => void;
  /** This one unless given. */
  readonly machine?: Machine;
}

export class Member implements Person {
  readonly name: string;
  readonly localPart: string;
  readonly domain: Domain;
  readonly #options: MemberOptions;
  #desktop: Desktop;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.name = options.name;
    this.localPart = options.name.toLowerCase();
    this.domain = options.domain;
    this.#desktop = this.#start();
  }

  get desktop(): Desktop {
    return this.#desktop;
  }

  /** kill -9, then `meanwhile`, then she is back, whatever came of it. */
  async killedWhile<T>(meanwhile: () => Promise<T>): Promise<T> {
    await this.#desktop.crash();
    try {
      return await meanwhile();
    } finally {
      await this.comeBack();
    }
  }

  /** kill -9 and a new start. */
  killAndRestart(): Promise<void> {
    return this.killedWhile(async () => undefined);
  }

  /** Starts the program again on the same data, and unlocks it. */
  async comeBack(): Promise<void> {
    this.#desktop = this.#start();
    await this.#desktop.ready();
    await this.#desktop.call("app.unlock", { passphrase: PASSPHRASE });
  }

  /** The mails with that subject in her inbox, from her own store; undefined while her desktop is down. */
  async find(subject: string): Promise<{ message: Message; conversationId: string }[] | undefined> {
    const list = await this.ask("mail.list", { folder: "inbox", limit: 200 });
    if (list === undefined) return undefined;
    const found: { message: Message; conversationId: string }[] = [];
    for (const { id: conversationId } of list.conversations) {
      const thread = await this.ask("mail.thread", { conversationId });
      if (thread === undefined) return undefined;
      for (const message of thread.messages) {
        if (message.direction === "in" && message.subject === subject) found.push({ message, conversationId });
      }
    }
    return found;
  }

  /** Opens a mail, body and attachments; undefined while her desktop is down. */
  read(messageId: string, conversationId: string): Promise<Read | undefined> {
    return whileUp(() => this.#desktop.read(messageId, conversationId));
  }

  /** Shows the conversation to her, so that its writer learns that it arrived; false while her desktop is down. */
  async open(conversationId: string): Promise<boolean> {
    return (await this.ask("mail.markRead", { conversationId })) !== undefined;
  }

  async journey(messageId: string): Promise<Journey | undefined> {
    return (await this.ask("mail.journey", { messageId }))?.journeys[0];
  }

  stop(): Promise<void> {
    return this.#desktop.stop();
  }

  /** Undefined while her desktop is down or locked. */
  ask<M extends Method>(method: M, input: Input<M>): Promise<Output<M> | undefined> {
    return whileUp(() => this.#desktop.call(method, input));
  }

  #start(): Desktop {
    const { name, folder, onEvent, machine = THIS_MACHINE } = this.#options;
    return new Desktop({ name, folder, observations: new Observations(), onEvent, machine });
  }
}

/** A killed desktop answers nothing, and one that has just come back is still locked. */
async function whileUp<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const isRefusal = error instanceof Error && "code" in error && error.code !== "LOCKED";
    if (isRefusal) throw error;
    return undefined;
  }
}
