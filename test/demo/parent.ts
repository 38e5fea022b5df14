/** The child's end of the channel to the demo. */

import type { Order, Report } from "./child.ts";

/** Ends the process when the demo is gone, by whatever way it went. */
export function endWithParent(stop: () => Promise<void>): void {
  const end = (): void => {
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("disconnect", end);
  process.on("SIGTERM", end);
}

export function tellReady(value: unknown): void {
  send({ kind: "ready", value });
}

export function tell(name: string, data: unknown): void {
  send({ kind: "event", name, data });
}

/** Answers the demo's orders by name. */
export function obey(methods: Readonly<Record<string, (input: never) => unknown>>): void {
  process.on("message", async ({ id, method, input }: Order) => {
    try {
      send({ kind: "answer", id, value: await methods[method]?.(input as never) });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "INTERNAL";
      send({ kind: "failure", id, code, text: error instanceof Error ? error.message : String(error) });
    }
  });
}

function send(report: Report): void {
  if (process.connected) process.send?.(report);
}
