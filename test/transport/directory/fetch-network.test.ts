/** How long somebody with an invite waits for the network file. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { fetchNetwork } from "#transport/directory/fetch-network.ts";
import { encodeFrame } from "#transport/link/frame.ts";
import { CONSENSUS_PART_BYTES, lineTime } from "#transport/link/limits.ts";
import type { Dialer } from "#transport/link/link.ts";
import { toParts } from "#transport/link/parts.ts";

const suite = await loadSuite("x25519", "native");
const { network } = testNetwork({ suite });
/** Of a list of a thousand nodes, as which the answer is as long. */
const ROOM = 11.3e6;

test("the network file comes over a line of 1 Mbit/s, however long the network's list is", async () => {
  const { took, fetched } = await fetch(() => lineTime(CONSENSUS_PART_BYTES));
  const { hash } = await fetched;
  assert.deepEqual(hash, network.hash);
  assert.ok(took > lineTime(ROOM), `${took} ms`);
});

test("a provider that says nothing, or trickles, is not waited for any longer than such a line takes", async () => {
  const silent = await fetch(() => undefined);
  await assert.rejects(silent.fetched, { code: "PROVIDER_DOWN" });
  assert.equal(silent.took, seconds(20));
  const trickles = await fetch(() => seconds(10));
  await assert.rejects(trickles.fetched, { code: "PROVIDER_DOWN" });
  assert.ok(trickles.took < seconds(10) + seconds(20) + 1.13 * lineTime(ROOM), `${trickles.took} ms`);
});

/** From a provider whose parts come with so much between them; undefined: none comes. */
async function fetch(between: () => Milliseconds | undefined) {
  const clock = new VirtualClock();
  const parts = toParts(network.bytes, { time: clock.now(), room: ROOM });
  const dial: Dialer["dial"] = async () => {
    let receive: ((bytes: Uint8Array) => void) | undefined;
    const give = (index: number): void => {
      const [part, wait] = [parts[index], between()];
      if (part === undefined || wait === undefined) return;
      clock.at(milliseconds(clock.now() + wait), () => {
        receive?.(encodeFrame(part, { packetBytes: 0, payloadBytes: 0 }));
        give(index + 1);
      });
    };
    return {
      protocol: "starling-client/2",
      peer: { role: "client", key: new Uint8Array(32) },
      writable: true,
      send: () => {
        give(0);
        return true;
      },
      onFrame: (handler) => {
        receive = handler;
      },
      onClose: () => undefined,
      close: () => undefined,
    };
  };
  const invite = { address: "a.test:1", linkKey: new Uint8Array(32), networkHash: network.hash };
  const fetched = fetchNetwork({ dialer: { dial }, invite, suite, clock });
  let took = 0;
  const watched = fetched
    .catch(() => undefined)
    .finally(() => {
      took = clock.now();
    });
  await clock.runUntilSettled(watched, seconds(3600));
  return { took, fetched };
}
