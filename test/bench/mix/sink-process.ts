/** The nodes behind the mix: take what comes, read its mark, and note how much later it came than it was sent and held. */

import { answer } from "./ask.ts";
import { sinkNames } from "./directory.ts";
import { preciseNow, readMark } from "./one-hop.ts";
import { Alive } from "#provider-server/node/alive.ts";
import { DEFAULT_NODE_LIMITS } from "#provider-server/node/limits.ts";
import { seedOf } from "#test/support/test-network.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Link } from "#transport/link/link.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";
import { geometry } from "#transport/sphinx/geometry.ts";

const suite = await loadSuite(LIVE_PARAMETERS.suite, "native");
const sizes = geometry(LIVE_PARAMETERS);
const clock = new SystemClock();
const addresses: string[] = [];
const links = new Set<Link>();
let late: number[] = [];

for (const name of sinkNames(Number(process.argv[2]))) {
  const listener = await TlsListener.listen({
    identitySeed: seedOf(`${name}/link`),
    suite,
    sizes,
    clock,
    host: "127.0.0.1",
    port: 0,
    protocols: ["starling-node/2"],
  });
  listener.onLink((link) => {
    links.add(link);
    link.onClose(() => links.delete(link));
    // Lent: else the collector of this process holds up packets that the mix sent in time.
    link.onFrame(
      (frame) => {
        const { sentAt, delay } = readMark(frame);
        late.push(preciseNow() - sentAt - delay);
      },
      { lent: true },
    );
  });
  addresses.push(listener.address);
}

// As a node does: the mix would take them for dead.
new Alive({ clock, links, interval: DEFAULT_NODE_LIMITS.aliveInterval }).start();

answer(
  {
    /** Milliseconds after sending and delay, one for each packet since the last call, in no order; a Float64Array. */
    taken() {
      const taken = Float64Array.from(late);
      late = [];
      return { late: taken, ...process.cpuUsage() };
    },
  },
  { addresses },
);
