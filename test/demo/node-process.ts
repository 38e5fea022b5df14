/**
 * One node of the demo in its own process: the server as it is, with an observer that tells the demo what passes. It is ready when
 * all is loaded, which takes a busy machine long, and begins when it is told to.
 */

import { readConfig } from "#provider-server/cli/config.ts";
import { type Running, startConfigured, startMix, startProvider } from "#provider-server/cli/start.ts";
import type { Observer } from "#provider-server/observe/observer.ts";
import { toHex } from "#transport/core/bytes.ts";
import type { DropSeen, HopSeen, LeftSeen, StoredSeen } from "./observations.ts";
import { endWithParent, obey, tell, tellReady } from "./parent.ts";

const observer: Observer = {
  packetArrived: ({ tag, node, at, period }) => tellHop({ tag: toHex(tag), node: toHex(node), arrivedAt: at, period }),
  packetHeld: ({ tag, node, at, delay }) =>
    tellHop({ tag: toHex(tag), node: toHex(node), arrivedAt: at, drawnDelayMs: delay }),
  packetLeft: ({ tag, sent }) => tell("left", { tag: toHex(tag), sent } satisfies LeftSeen),
  entryStored: ({ tag }) => tell("stored", { tag: toHex(tag) } satisfies StoredSeen),
  dropped: ({ reason }) => tell("dropped", { reason } satisfies DropSeen),
};

let running: Running | undefined;
endWithParent(async () => running?.stop());
obey({
  begin: async ({ file }: { file: string }) => {
    running = await begin(file);
  },
});
tellReady(undefined);

function begin(file: string): Promise<Running> {
  const config = readConfig(file);
  switch (config.role) {
    case "mix":
      return startMix(config, observer);
    case "provider":
      return startProvider(config, observer);
    case "authority":
      return startConfigured(config);
  }
}

function tellHop(seen: HopSeen): void {
  tell("hop", seen);
}
