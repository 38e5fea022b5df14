/**
 * An entry provider drops or holds packets of its own customers: nodes' loops do not pass there, customers' own do. Production
 * clients and nodes, real packets, virtual time; each line between nodes loses 1 % besides.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SimClient } from "#test/sim/sim-client.ts";
import { SIM_PARAMETERS, World, type WorldOptions } from "#test/sim/world.ts";
import { forwardingLink } from "#test/support/forwarding-link.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { uniform } from "#transport/core/random.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import type { ClientState } from "#transport/client/types.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { sendFrameBytes } from "#transport/link/frame-table.ts";
import { meddling } from "./harness/adversary.ts";

const { profiles } = SIM_PARAMETERS;
/** More loops than others have, 2.4 a second, so that an hour of the mail profile passes in fourteen seconds. */
const PARAMETERS = {
  ...SIM_PARAMETERS,
  profiles: { ...profiles, mail: { ...profiles.mail, payloadShare: 0.3, loopShare: 0.6, dropShare: 0.1 } },
};
const SEND_BYTES = sendFrameBytes(geometry(PARAMETERS));
const LINE_LOSS = 0.01;
const HONEST_TIME = seconds(150);
/** More than twice as many loops as it takes on average. */
const NOTICED_WITHIN = seconds(75);
const ENDS_WITHIN = seconds(45);

type Meddler = "nothing" | "drops a fifth" | "holds a fifth";
let world: World;
/** What provider a does with its customers' packets. */
let does: Meddler = "nothing";
let lossyGuard: string | undefined;
const people = new Map<string, SimClient>();
const said = new Map<string, ClientState[]>();
const lastOf = (name: string): ClientState | undefined => people.get(name)?.client.status().state;

function ofProviderA(random: SeededRandom): Pick<WorldOptions, "nodeLink"> {
  return {
    nodeLink: (node, link) => {
      if (node !== "a" || link.peer.role !== "client") return link;
      return forwardingLink(link, {
        onFrame: (handler) =>
          link.onFrame((frame) => {
            const isMeddledWith = frame.length === SEND_BYTES && uniform(random) < 0.2;
            if (!isMeddledWith || does === "nothing") return handler(frame);
            if (does === "drops a fifth") return;
            const kept = frame.slice();
            world.clock.at(milliseconds(world.clock.now() + 15_000), () => handler(kept));
          }),
      });
    },
  };
}

async function join(name: string, provider: string): Promise<void> {
  said.set(name, []);
  const program = (client: SimClient["client"]): void => {
    client.on("status", ({ state }) => {
      const states = said.get(name) as ClientState[];
      if (states.at(-1) !== state) states.push(state);
    });
  };
  people.set(name, await world.join({ name, provider, machine: "quick", tap: "none", program }));
}

describe("an entry provider that loses its customers' packets", () => {
  before(async () => {
    const drops = meddling({ outgoing: ({ node }) => (node === lossyGuard ? "dropped" : undefined) });
    world = await World.create({
      seed: "entry provider",
      parameters: PARAMETERS,
      mixes: 12,
      ...drops,
      ...ofProviderA(new SeededRandom("meddler")),
    });
    world.net.weather = { loss: LINE_LOSS, duplicates: 0 };
    await join("alice", "a");
    await join("bob", "b");
  });

  after(() => world.stop());

  test("ten hours of mail with 1 % of loss on each line, and nobody says that a provider loses mail", async () => {
    await world.clock.runFor(HONEST_TIME);
    for (const [name, states] of said) assert.ok(!states.includes("provider-losing"), `${name}: ${states.join()}`);
    assert.ok((people.get("alice") as SimClient).client.status().loops.sent > 200);
  });

  test("of every fifth packet dropped its customer is told, and nobody else", async () => {
    does = "drops a fifth";
    await world.clock.runFor(NOTICED_WITHIN);
    assert.equal(lastOf("alice"), "provider-losing");
    assert.equal(lastOf("bob"), "mixing");
  });

  test("mail gets through all the same, and the state ends with its cause", async () => {
    const [alice, bob] = ["alice", "bob"].map((name) => people.get(name)) as [SimClient, SimClient];
    const to = await world.clock.runUntilSettled(alice.client.lookup(bob.address), seconds(120));
    assert.ok(to !== undefined);
    await world.clock.runUntilSettled(alice.client.send({ to, body: Buffer.alloc(20_000, "a") }), seconds(10));
    await world.clock.runFor(seconds(60));
    assert.equal(bob.received.size, 1);
    does = "nothing";
    await world.clock.runFor(ENDS_WITHIN);
    assert.equal(lastOf("alice"), "mixing");
  });

  test("held back instead of dropped is the same", async () => {
    does = "holds a fifth";
    await world.clock.runFor(NOTICED_WITHIN);
    assert.equal(lastOf("alice"), "provider-losing");
    does = "nothing";
    await world.clock.runFor(ENDS_WITHIN);
    assert.equal(lastOf("alice"), "mixing");
  });

  test("a mix that drops everything is not taken for the provider", async () => {
    const words = said.get("alice")?.length;
    lossyGuard = "mix0";
    await world.clock.runFor(seconds(40));
    assert.equal(said.get("alice")?.length, words, said.get("alice")?.join());
    lossyGuard = undefined;
  });

  test("a provider that restarts is called down, and not one that loses mail", async () => {
    assert.equal(lastOf("bob"), "mixing");
    said.set("bob", []);
    await world.killNode("b");
    await world.clock.runFor(seconds(5));
    world.startNode("b");
    await world.clock.runFor(seconds(60));
    assert.deepEqual(
      said.get("bob")?.filter((state) => state === "provider-losing"),
      [],
    );
    assert.equal(lastOf("bob"), "mixing");
  });
});
