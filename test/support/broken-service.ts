/** A service of an operator's own that does all that a service should not. */

import type { OwnService } from "#provider-server/services/service.ts";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { execFileSync } from "node:child_process";
import { utf8 } from "#transport";

export function createService({ begin }: { begin?: string } = {}): OwnService | Promise<OwnService> {
  if (begin === "throw") throw new Error("not today");
  if (begin?.startsWith("unless ") && existsSync(begin.slice(7))) throw new Error("not yet");
  if (begin?.startsWith("hang unless ") && !existsSync(begin.slice(12)))
    return new Promise<OwnService>(() => undefined);
  return {
    async answer(request) {
      const [what, path = ""] = new TextDecoder().decode(request).split(" ");
      switch (what) {
        case "throw":
          throw new Error("no");
        case "text":
          return "no bytes" as never;
        case "exit":
          process.exit(1);
        case "abort":
          process.abort();
        case "null":
          process.send?.(null);
          return utf8("said");
        case "unasked":
          process.send?.({ kind: "answer", id: 1e6, answer: request });
          return utf8("said");
        case "words":
          process.send?.({ kind: "answer", id: 0, answer: "no bytes" });
          return utf8("said");
        case "debugger":
          process.kill(process.ppid, "SIGUSR1");
          return utf8("asked");
        case "pid":
          return utf8(String(process.pid));
        case "read":
          return utf8(readFileSync(path, "utf8").slice(0, 10));
        case "write":
          writeFileSync(path, "written");
          return utf8("written");
        case "run":
          return execFileSync(path);
        case "thread":
          return utf8(String(new Worker("", { eval: true }).threadId));
        case "spin":
          for (;;) continue;
        case "environment":
          return utf8(JSON.stringify({ names: Object.keys(process.env), argv: process.argv.slice(2) }));
        default:
          return request;
      }
    },
  };
}
