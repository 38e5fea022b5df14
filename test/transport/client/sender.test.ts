/** What fills a client's slots, and what must not show of it. Spec: docs/spec/04-traffic.md §3-4, docs/spec/08-directory.md §9 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom, seededStreams } from "#test/support/seeded-random.ts";
import { QUICK_PARAMETERS as parameters, testConsensus, testNetwork, testNodes } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import type { Collect } from "#transport/client/boxes/collects.ts";
import type { PayloadContender } from "#transport/client/payload.ts";
import { Sender, type SenderDeps } from "#transport/client/sender.ts";
import { toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { LoopTarget } from "#transport/client/boxes/box-loops.ts";
import type { ProfileName } from "#transport/core/parameters.ts";
import type { RandomStreams } from "#transport/core/random.ts";
import { keyPeriodNumber, mailboxId, type NodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import type { NodeDescriptor } from "#transport/directory/model.ts";
import { geometry as geometryOf } from "#transport/sphinx/geometry.ts";
import type { Hop, Path, WrappedPacket } from "#transport/sphinx/packet.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { ProfileSchedule } from "#transport/traffic/profile-schedule.ts";
import type { SlotKind } from "#transport/traffic/send-clock.ts";
import type { SlotContent } from "#transport/traffic/wrap-slot.ts";

const suite = await loadSuite("x25519", "native");
const { suite: name, packetBytes } = parameters;
const geometry = geometryOf({ suite: name, packetBytes });
const CONSENSUS = testConsensus(testNetwork({ suite }), suite, testNodes(suite, { perLayer: 4 }));
const [OWN, OTHER] = CONSENSUS.providers as [NodeDescriptor, NodeDescriptor];
const FIRST = CONSENSUS.layers[0].map(({ nodeId }) => nodeId);
const READER = suite.sealKem.generate(new SeededRandom("reader")).publicKey;

/** What may be in a payload slot; `unsealable` has a key that is none. */
const CARGO = ["nothing", "fragment", "request", "unsealable"] as const;
type Cargo = (typeof CARGO)[number];
const SLOTS: readonly [SlotKind, Cargo][] = [
  ["loop", "nothing"],
  ["drop", "nothing"],
  ...CARGO.map((cargo): [SlotKind, Cargo] => ["payload", cargo]),
];

test("every packet of a client begins at one of its guards, whatever it carries", () => {
  const guards = FIRST.slice(0, 2);
  for (const [kind, cargo] of SLOTS) {
    const begun = new Set<string>();
    const { sender, paths } = setUp({ cargo, guards });
    for (let i = 0; i < 40; i++) sender.prepare(kind)?.settled(true);
    for (const { hops } of paths) begun.add(toHex((hops[0] as Path["hops"][number]).nodeId));
    assert.deepEqual([...begun].toSorted(), guards.map(toHex).toSorted(), `${kind}, ${cargo}`);
  }
  const { sender, paths } = setUp({ cargo: "nothing", guards: [] });
  for (let i = 0; i < 60; i++) sender.prepare("drop")?.settled(true);
  assert.equal(new Set(paths.map(({ hops }) => toHex((hops[0] as Path["hops"][number]).nodeId))).size, FIRST.length);
});

test("a payload slot has its profile's delays whatever becomes of what was to be in it", () => {
  // One number whatever is drawn: each delay is then as long as its mean allows.
  const delays = { bytes: (length: number) => new Uint8Array(length) };
  for (const cargo of CARGO) {
    for (const profile of ["mail", "chat"] as const) {
      const { sender, paths } = setUp({ cargo, profile, streams: { delays } });
      sender.prepare("payload")?.settled(true);
      const held = (paths.at(-1) as Path).hops.slice(0, -1).map(({ delay }) => delay);
      assert.deepEqual(held, Array(3).fill(Math.round(longest(profile))), `${cargo}, ${profile}`);
    }
  }
});

test("drops end at any provider, the own one no more often than another, for recipients that nobody knows", () => {
  const { sender, paths, recipients } = setUp({ cargo: "nothing" });
  const kinds = ["drop", "payload"] as const;
  for (let i = 0; i < 200; i++) sender.prepare(kinds[i % 2] as SlotKind)?.settled(true);
  const own = paths.filter(({ hops }) => toHex((hops.at(-1) as Hop).nodeId) === toHex(OWN.nodeId)).length;
  assert.ok(own > 70 && own < 130, `${own} of 200 end at one of two providers`);
  assert.equal(new Set(recipients.map(toHex)).size, 200);
});

test("a slot costs the same work whatever it carries: as many seals and as many hops", () => {
  const costs = SLOTS.filter(([, cargo]) => cargo !== "unsealable").map(([kind, cargo]) => {
    const work = { seals: 0, hops: 0, sealedBytes: 0 };
    const { sender } = setUp({ cargo, suite: counting(work) });
    assert.ok(sender.prepare(kind), `${kind}, ${cargo}`);
    return work;
  });
  for (const work of costs) assert.deepEqual(work, { seals: 1, hops: 4, sealedBytes: geometry.fragmentBytes });
});

test("a drop slot carries a question to a box where there are boxes, an empty payload slot never; loops go on", () => {
  const carried = { payload: new Set<string>(), loop: new Set<string>(), drop: new Set<string>() };
  const { sender, recipients } = setUp({
    cargo: "nothing",
    collect: COLLECT,
    onSlot: ({ kind, carried: cargo }) => carried[kind].add(cargo),
  });
  for (const kind of ["payload", "loop", "drop"] as const) sender.prepare(kind)?.settled(true);
  assert.deepEqual([...carried.payload, ...carried.loop, ...carried.drop], ["drop", "loop", "collect"]);
  assert.deepEqual(recipients.at(-1), COLLECTED.recipient);
});

test("a loop slot carries a loop into a box when it is told one, and a drop for nowhere, with the work and the delays of any loop", () => {
  const told: unknown[] = [];
  const target: LoopTarget = {
    providerId: OTHER.nodeId,
    mailboxId: mailboxId(new Uint8Array(32).fill(9)),
    onLoop: ({ id, at }) => told.push([id.length, at]),
  };
  for (const [aim, carried, provider] of [
    [target, "loop", OTHER.nodeId],
    ["nowhere", "drop", undefined],
    [undefined, "loop", OWN.nodeId],
  ] as const) {
    const work = { seals: 0, hops: 0, sealedBytes: 0 };
    const slots: string[] = [];
    const delays = { bytes: (length: number) => new Uint8Array(length) };
    const { sender, paths, recipients } = setUp({
      cargo: "nothing",
      suite: counting(work),
      streams: { delays },
      boxLoop: () => aim,
      onSlot: ({ kind, carried: cargo }) => slots.push(`${kind} ${cargo}`),
    });
    const prepared = sender.prepare("loop");
    assert.deepEqual(work, { seals: 1, hops: 4, sealedBytes: geometry.fragmentBytes });
    assert.deepEqual((paths[0] as Path).hops[0]?.delay, Math.round(longest("mail")));
    if (provider !== undefined) assert.deepEqual((paths[0] as Path).hops.at(-1)?.nodeId, provider);
    if (aim === target) assert.deepEqual(recipients, [target.mailboxId]);
    assert.equal(told.length, aim === target ? 0 : 1, "before its tick nothing has left");
    prepared?.settled(true);
    assert.deepEqual(slots, [`loop ${carried}`]);
  }
  assert.deepEqual(told, [[16, 0]]);
});

test("a collect has the delays of cover and costs the work of any other packet; what cannot be made is a drop", () => {
  const work = { seals: 0, hops: 0, sealedBytes: 0 };
  const delays = { bytes: (length: number) => new Uint8Array(length) };
  const { sender, paths } = setUp({ cargo: "nothing", collect: COLLECT, suite: counting(work), streams: { delays } });
  assert.ok(sender.prepare("drop"));
  assert.deepEqual(work, { seals: 1, hops: 4, sealedBytes: geometry.fragmentBytes });
  assert.deepEqual((paths[0] as Path).hops[0]?.delay, Math.round(longest("mail")));
  let outcome: unknown = "not told";
  const unsealable: typeof COLLECT = () => ({
    ...COLLECT(),
    content: { ...COLLECT().content, mailboxKey: new Uint8Array(READER.length) },
    settled: (sent) => void (outcome = sent),
  });
  for (const collect of [failing, unsealable]) {
    const carried: string[] = [];
    const { sender: other } = setUp({
      cargo: "nothing",
      collect,
      onSlot: ({ carried: cargo }) => carried.push(cargo),
    });
    other.prepare("drop")?.settled(true);
    assert.deepEqual(carried, ["drop"]);
  }
  assert.equal(outcome, undefined, "and whoever made it hears that it did not leave");
});

const COLLECTED = { command: "service", recipient: new Uint8Array(32).fill(9) } as const;
const COLLECT = (): Collect => ({
  provider: OTHER.nodeId,
  content: {
    destination: COLLECTED,
    plaintext: new Uint8Array(geometry.fragmentBytes),
    mailboxKey: READER,
    request: new Uint8Array(geometry.payloadBytes),
  },
  settled: () => undefined,
});

const failing = (): Collect => {
  throw new TransportError("NO_PATH");
};

const longest = (profile: ProfileName): number => parameters.delayCap * parameters.profiles[profile].meanDelay;

function counting(work: { seals: number; hops: number; sealedBytes: number }): Suite {
  return {
    ...suite,
    kem: {
      ...suite.kem,
      encapsulate: (...all) => {
        work.hops++;
        return suite.kem.encapsulate(...all);
      },
    },
    sealKem: {
      ...suite.sealKem,
      encapsulate: (...all) => {
        work.seals++;
        return suite.sealKem.encapsulate(...all);
      },
    },
    aeadSeal: (o) => {
      work.sealedBytes += o.plaintext.length;
      return suite.aeadSeal(o);
    },
  };
}

/** Keeps the paths of the packets that it makes. */
class WatchedSphinx extends Sphinx {
  readonly paths: Path[] = [];
  readonly recipients: Uint8Array[] = [];

  override wrap(options: Parameters<Sphinx["wrap"]>[0]): WrappedPacket {
    this.paths.push(options.path);
    this.recipients.push(options.destination.recipient);
    return super.wrap(options);
  }
}

function setUp(o: {
  cargo: Cargo;
  profile?: ProfileName;
  guards?: readonly NodeId[];
  streams?: Partial<RandomStreams>;
  suite?: Suite;
  collect?: typeof COLLECT;
  boxLoop?: SenderDeps["boxLoop"];
  onSlot?: SenderDeps["onSlot"];
}) {
  const clock = new VirtualClock();
  const sphinx = new WatchedSphinx({ suite: o.suite ?? suite, geometry });
  const plaintext = new Uint8Array(geometry.fragmentBytes);
  const content: SlotContent = {
    destination: { command: o.cargo === "request" ? "service" : "mailbox", recipient: new Uint8Array(32) },
    plaintext,
    mailboxKey: o.cargo === "unsealable" ? new Uint8Array(READER.length) : READER,
    ...(o.cargo === "request" && { request: new Uint8Array(geometry.payloadBytes) }),
  };
  const waiting: PayloadContender = {
    left: 1,
    order: 0,
    provider: OTHER.nodeId,
    take: () => ({ cargo: o.cargo === "request" ? "request" : "fragment", content, settled: () => undefined }),
  };
  const choice = { profile: o.profile ?? "mail", nextProfile: undefined } as const;
  const sender = new Sender({
    clock,
    streams: { ...seededStreams("sender"), ...o.streams },
    sphinx,
    parameters,
    profiles: new ProfileSchedule({ parameters, choice }),
    own: { providerId: OWN.nodeId, mailboxId: mailboxId(new Uint8Array(32)) },
    mailboxKey: () => READER,
    guards: () => o.guards ?? [],
    sources: [{ contenders: () => (o.cargo === "nothing" ? [] : [waiting]) }],
    collect: o.collect,
    boxLoop: o.boxLoop ?? (() => undefined),
    isUp: () => true,
    current: () => ({ consensus: CONSENSUS, period: keyPeriodNumber(0) }),
    onSlot: o.onSlot ?? (() => undefined),
    onLoop: () => undefined,
  });
  return { sender, paths: sphinx.paths, recipients: sphinx.recipients };
}
