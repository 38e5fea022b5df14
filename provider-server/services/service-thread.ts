/** The thread in which one service of the operator's own runs. Spec: docs/spec/07-mailbox.md §7.5 */

import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { FromThread, ToThread } from "./operator-service.ts";
import type { Answer, CreateService } from "./service.ts";

const { module, options } = workerData as { module: string; options: unknown };
const { createService } = (await import(pathToFileURL(module).href)) as { createService?: CreateService };
if (typeof createService !== "function") throw new Error("expected it to export createService");
const service = await createService(options as never);

const port = parentPort;
if (port === null) throw new Error("this module runs as a thread");
port.on("message", ({ id, request }: ToThread) => {
  void answer(request).then((came) => tell({ kind: "answer", id, answer: came }));
});
tell({ kind: "ready" });

async function answer(request: Uint8Array): Promise<Answer> {
  try {
    const came = await service.answer(request);
    return came instanceof Uint8Array ? came : undefined;
  } catch {
    return undefined; // as for bytes that are no request
  }
}

function tell(message: FromThread): void {
  port?.postMessage(message);
}
