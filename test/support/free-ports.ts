/** Ports for processes that are started a moment later, and again after a kill: nothing else may be given them meanwhile. */

import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

/**
 * Below the ports that systems give out by themselves, to outgoing connections and to listeners on port 0 (Linux from
 * 32,768, others from 49,152; RFC 6056 §2.1). Among those, a port that is free now may be somebody's a second later.
 */
const RANGE = { from: 12_000, to: 32_000 } as const;
const ATTEMPTS_MAX = 1_000;

/** As many different ports of 127.0.0.1 that nobody listens on now. Throws when there are not so many. */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  try {
    for (let attempt = 0; held.length < count; attempt++) {
      if (attempt === ATTEMPTS_MAX)
        throw new Error(`No ${count} ports between ${RANGE.from} and ${RANGE.to} are free.`);
      const server = await hold(randomInt(RANGE.from, RANGE.to));
      if (server !== undefined) held.push(server);
    }
    return held.map((server) => (server.address() as { port: number }).port);
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/** Undefined when somebody has the port. */
function hold(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
