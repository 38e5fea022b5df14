/**
 * The thread of local programs: sockets, JSON and base64, which a program may make as long as it likes. The client's ticks are on
 * another (docs/spec/04-traffic.md §6).
 */

import { parentPort, workerData } from "node:worker_threads";
import type { Call, Outcome } from "./protocol.ts";
import { LocalServer } from "./server.ts";
import { buffersToHandOver } from "./hand-over.ts";

/** To the client's thread. */
export type FromWorker =
  | { readonly kind: "listening" }
  | { readonly kind: "unable"; readonly code: string; readonly text: string }
  | { readonly kind: "call"; readonly connection: number; readonly call: Call }
  | { readonly kind: "gone"; readonly connection: number };

/** From the client's thread. */
export type ToWorker =
  | { readonly kind: "more" }
  | { readonly kind: "answer"; readonly connection: number; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: "close" };

const port = parentPort;
if (port !== null) {
  const tell = (said: FromWorker): void => port.postMessage(said, buffersToHandOver(said));
  const server = new LocalServer({
    onCall: (connection, call) => tell({ kind: "call", connection, call }),
    onGone: (connection) => tell({ kind: "gone", connection }),
  });
  port.on("message", (said: ToWorker) => {
    switch (said.kind) {
      case "more":
        return server.more();
      case "answer":
        return server.answer(said.connection, said.id, said.outcome);
      case "close":
        return void server.close().then(() => port.close());
    }
  });
  const { path } = workerData as { path: string };
  server.listen(path).then(
    () => tell({ kind: "listening" }),
    (error: NodeJS.ErrnoException) => tell({ kind: "unable", code: error.code ?? error.name, text: error.message }),
  );
}
