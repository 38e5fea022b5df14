/** The process in which one service of the operator's own runs. Spec: docs/spec/07-mailbox.md §7.5 */

import { pathToFileURL } from "node:url";
import type { FromProcess, ToProcess } from "./operator-service.ts";
import type { Answer, CreateService, OwnService } from "./service.ts";

// A terminal and systemd tell everybody to end; this process ends when the daemon lets go of it, or is no more.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
process.on("disconnect", () => process.exit());

let service: OwnService | undefined;
process.on("message", (message: ToProcess) => {
  if (message.kind === "begin") {
    void begin(message).then(
      () => tell({ kind: "ready" }),
      (error: unknown) => tell({ kind: "failed", detail: detailOf(error) }),
    );
  } else {
    void answer(message.request).then((came) => tell({ kind: "answer", id: message.id, answer: came }));
  }
});

async function begin({ module, options }: { module: string; options: unknown }): Promise<void> {
  const { createService } = (await import(pathToFileURL(module).href)) as { createService?: CreateService };
  if (typeof createService !== "function") throw new Error("expected it to export createService");
  service = await createService(options as never);
}

/** What Node says of its permissions names neither the file nor our configuration. */
function detailOf(error: unknown): string {
  if (!(error instanceof Error)) return "it threw";
  const { code, permission, resource } = error as { code?: unknown; permission?: unknown; resource?: unknown };
  return code === "ERR_ACCESS_DENIED" && permission === "FileSystemRead"
    ? `it may not read ${String(resource)}: what it needs belongs into "reads"`
    : error.message;
}

async function answer(request: Uint8Array): Promise<Answer> {
  try {
    const came = await service?.answer(request);
    return came instanceof Uint8Array ? came : undefined;
  } catch {
    return undefined; // as for bytes that are no request
  }
}

function tell(message: FromProcess): void {
  // The daemon may have let go meanwhile.
  if (process.connected) process.send?.(message);
}
