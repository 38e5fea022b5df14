/** A service of an operator's own that does all that a service should not. */

import type { OwnService } from "#provider-server/services/service.ts";
import { utf8 } from "#transport";

export function createService({ begin }: { begin?: string } = {}): OwnService {
  if (begin === "throw") throw new Error("not today");
  return {
    async answer(request) {
      switch (new TextDecoder().decode(request)) {
        case "throw":
          throw new Error("no");
        case "text":
          return "no bytes" as never;
        case "exit":
          process.exit(1);
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
