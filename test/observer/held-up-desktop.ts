/** Planted: a desktop in which a mail that is sent, or read, is worked on by the thread whose clocks tick. */

import type { Order } from "#test/demo/child.ts";

const WORK_MILLISECONDS = 150;
const WORK = new Set(["draft.send", "mail.markRead"]);

process.on("message", ({ input }: Order) => {
  if (!WORK.has(String((input as { method?: unknown } | null)?.method))) return;
  const until = performance.now() + WORK_MILLISECONDS;
  while (performance.now() < until);
});
await import("#test/demo/desktop-process.ts");
