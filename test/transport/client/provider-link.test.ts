import assert from "node:assert/strict";
import { test } from "node:test";
import { ProviderLink } from "#transport/client/provider-link.ts";
import { milliseconds, seconds, surbId } from "#transport/core/units.ts";
import { encodeFrame, type Frame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { MemoryLinks } from "#test/support/memory-links.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { SIM_PARAMETERS } from "#test/sim/world.ts";

const sizes = geometry(SIM_PARAMETERS);
const PROVIDER = { address: "provider.test:1", linkKey: new Uint8Array(32).fill(1) };

test("each poll opens the door for one entry; a provider that sends one more loses its link, and the entry is not looked at", async () => {
  const { clock, link, taken, give, dials } = await setUp();
  link.poll(0);
  link.poll(0);
  for (let i = 0; i < 2; i++) give();
  await clock.runFor(milliseconds(100));
  assert.equal(taken.length, 2);
  assert.equal(link.state, "up");
  give();
  await clock.runFor(milliseconds(100));
  assert.equal(taken.length, 2);
  assert.equal(link.state, "down");
  await clock.runFor(seconds(60));
  assert.equal(dials(), 2);
});

test("polls of a link that is gone are not answered on the next one", async () => {
  const { clock, link, taken, give, hangUp } = await setUp();
  link.poll(0);
  hangUp();
  await clock.runFor(seconds(60));
  assert.equal(link.state, "up");
  give();
  await clock.runFor(milliseconds(100));
  assert.deepEqual(taken, []);
});

async function setUp() {
  const clock = new VirtualClock();
  const links = new MemoryLinks({ clock, latency: milliseconds(5) });
  const accepted: Link[] = [];
  links.listen({
    address: PROVIDER.address,
    key: PROVIDER.linkKey,
    accept: (link) => {
      accepted.push(link);
      link.onFrame(() => undefined);
    },
  });
  const taken: Frame[] = [];
  const link = new ProviderLink({
    clock,
    random: new SeededRandom("provider link"),
    dialer: links.dialer(new Uint8Array(32).fill(2)),
    provider: PROVIDER,
    sizes,
    onFrame: (frame) => taken.push(frame),
    onChange: () => undefined,
  });
  link.start();
  await clock.runFor(seconds(1));
  const body = new Uint8Array(sizes.payloadBytes);
  const entry = encodeFrame(
    { type: "entry", cursor: 1, kind: "fragment", surbId: surbId(new Uint8Array(16)), body },
    sizes,
  );
  /** The provider sends an entry. */
  const give = (): void => void accepted.at(-1)?.send(entry);
  const hangUp = (): void => accepted.at(-1)?.close();
  return { clock, link, taken, give, hangUp, dials: () => accepted.length };
}
