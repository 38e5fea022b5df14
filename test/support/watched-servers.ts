/** The servers that listen while a test runs, so that it can give them what the system gives a process without free file descriptors. */

import { Server } from "node:net";
import type { TestContext } from "node:test";

export function watchedServers(t: TestContext): readonly Server[] {
  const servers: Server[] = [];
  const listening = Reflect.get(Server.prototype, "listen") as (...given: unknown[]) => Server;
  t.mock.method(Server.prototype, "listen", function (this: Server, ...given: unknown[]) {
    servers.push(this);
    return Reflect.apply(listening, this, given);
  });
  return servers;
}
