/** The inside of a worker thread: answers the calls of `Thread`. */

import type { MessagePort } from "node:worker_threads";
import { MainError, toMainError } from "../error.ts";
import { CLOSE, OPENED, type ThreadReply, type ThreadRequest } from "./protocol.ts";
import { largeBuffersIn } from "./transfer.ts";

export interface ThreadWork {
  /** What it throws is why the thread cannot begin. */
  open(): unknown;
  call(name: string, input: readonly unknown[]): unknown;
  /** After the last call; then the thread ends. */
  close(): void;
}

/** Large buffers in answers change hands: nothing here may use them afterwards. */
export function serveThread(port: MessagePort, work: ThreadWork): void {
  async function answer(id: number, task: () => unknown): Promise<void> {
    let reply: ThreadReply;
    try {
      reply = { id, value: await task() };
    } catch (error) {
      reply = { id, ...describe(error) };
    }
    port.postMessage(reply, largeBuffersIn(reply));
  }

  void answer(OPENED, () => work.open());
  port.on("message", ({ id, name, input }: ThreadRequest) => {
    if (name !== CLOSE) return void answer(id, () => work.call(name, input));
    void answer(id, () => work.close()).then(() => port.close());
  });
}

/** Our own texts are made for the log; a library's may name whose mail it was, so only where it failed is told. */
function describe(error: unknown): { code: string; detail: string } {
  const { code } = toMainError(error);
  if (error instanceof MainError) return { code, detail: error.message };
  if (!(error instanceof Error)) return { code, detail: "" };
  const frames = error.stack?.split("\n").filter((line) => /^ {4}at /.test(line)) ?? [];
  return { code, detail: [error.name, ...frames].join("\n") };
}
