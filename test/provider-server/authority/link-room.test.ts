/** How many links an authority keeps for whom, by how much may wait on them, and on each. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LINKS_OF_NODE_MAX, QUESTIONS_PER_LINK_MAX } from "#provider-server/authority/limits.ts";
import { type Guest, LinkRoom, linksOfAuthorityMax, type RoomLimits } from "#provider-server/authority/link-room.ts";
import { serveLink } from "#provider-server/authority/serve-link.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { answerTime } from "#transport/directory/limits.ts";
import { documentAnswerBytes, encodeFrame, type Frame } from "#transport/link/frame.ts";
import { DOCUMENT_BYTES_MAX } from "#transport/link/limits.ts";
import type { Link } from "#transport/link/link.ts";

const { network } = testNetwork({ suite: await loadSuite("x25519", "native") });

const NODES = 200;
const clock = new VirtualClock();
const room = (limits: Partial<RoomLimits> = {}): LinkRoom =>
  new LinkRoom({ network, clock, isNode: (key) => key[0] === NODE, limits });

const NODE = 7;
const nodeKey = (n: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? NODE : i === 1 ? n : 0));
const stranger = new Uint8Array(32).fill(9);
const authority = network.authorities[1]?.linkKey as Uint8Array;

/** A link in a room, and whether it is still there. */
interface Kept extends Guest {
  readonly isOpen: boolean;
  end(): void;
}

function enter(where: LinkRoom, key: Uint8Array): Kept {
  let isOpen = true;
  let onClose: ((reason: string) => void) | undefined;
  const link: Pick<Link, "peer" | "close" | "onClose"> = {
    peer: { role: "directory", key },
    onClose: (handler) => {
      onClose = handler;
    },
    close: (how) => {
      assert.deepEqual(how, { isDead: true }, "what waits on a link that had to go does not stay");
      isOpen = false;
      onClose?.("closed here");
    },
  };
  const guest = where.add(link as Link);
  assert.ok(isOpen, "the newest stays");
  return {
    ...guest,
    get isOpen() {
      return isOpen;
    },
    end: () => {
      isOpen = false;
      onClose?.("the peer closed it");
    },
  };
}

const many = (where: LinkRoom, key: (n: number) => Uint8Array, count: number): Kept[] =>
  Array.from({ length: count }, (_, n) => enter(where, key(n)));
const open = (links: readonly Kept[]): number => links.filter(({ isOpen }) => isOpen).length;
/** A live network's list of a thousand nodes, and the longest that there may be (docs/spec/08-directory.md §3), each in its frame. */
const [LIST, LONGEST] = [11.3e6, DOCUMENT_BYTES_MAX].map((bytes) => 5 + documentAnswerBytes(bytes)) as [number, number];

test("strangers, nodes and authorities keep links of their own", () => {
  const full = room();
  const strangers = many(full, () => stranger, 1000);
  assert.deepEqual([open(strangers), strangers[0]?.sender], [768, "anyone"]);
  const nodes = many(full, nodeKey, NODES);
  assert.deepEqual([open(nodes), nodes[0]?.sender], [NODES, "anyone"]);
  const own = many(full, () => authority, 100);
  assert.deepEqual([open(own), own[0]?.sender], [linksOfAuthorityMax(network), 1]);
  assert.deepEqual([open(strangers), open(nodes)], [768, NODES]);
});

test("strangers' answers wait while they fit into memory: one more ends the oldest of them, and no node's", () => {
  for (const [bytes, fit] of [
    [LIST, 11],
    [LONGEST, 7],
  ] as const) {
    const full = room();
    const node = enter(full, nodeKey(0));
    assert.ok(node.serve(bytes));
    const strangers = many(full, () => stranger, 100);
    for (const one of strangers) assert.ok(one.serve(bytes));
    assert.deepEqual([open(strangers), strangers.at(-1)?.isOpen, node.isOpen], [fit, true, true]);
    strangers.at(-1)?.isServed();
    assert.ok(enter(full, stranger).serve(bytes));
    assert.equal(open(strangers), fit, "what has left takes no room");
    assert.ok(enter(full, stranger).serve(bytes));
    assert.equal(open(strangers), fit - 1);
  }
});

test("of strangers' links goes first what asked nothing, then what was answered, and last what is being served; of each the oldest", () => {
  const full = room({ strangers: 4 });
  const [serving, answered, silent, late] = many(full, () => stranger, 4) as [Kept, Kept, Kept, Kept];
  assert.ok(serving.serve(LIST) && answered.serve(LIST) && late.serve(1));
  answered.isServed();
  const gone = (): boolean[] => [serving, answered, silent, late].map(({ isOpen }) => !isOpen);
  const next = (): void => assert.ok(enter(full, stranger).serve(1));
  next();
  assert.deepEqual(gone(), [false, false, true, false]);
  next();
  assert.deepEqual(gone(), [false, true, true, false]);
  next();
  assert.deepEqual(gone(), [false, true, true, true]);
  for (let n = 0; n < 100; n++) enter(full, stranger);
  assert.ok(serving.isOpen, "whoever opens links without end stops no download");
});

test("a node's list is served to its end, whatever other nodes ask: one that finds no room is told at once", () => {
  const full = room();
  const nodes = many(full, nodeKey, NODES);
  const served = nodes.map((node) => node.serve(LIST));
  assert.deepEqual([served.indexOf(false), open(nodes)], [46, NODES]);
  assert.ok(nodes[100]?.serve(32 * 1024), "a short answer finds room");
  nodes[0]?.end();
  assert.ok(nodes[100]?.serve(LIST));
  // A second list of one node's ends its first.
  assert.ok(enter(full, nodeKey(1)).serve(LIST));
  assert.deepEqual([nodes[1]?.isOpen, nodes[2]?.isOpen], [false, true]);
  // And what nobody can be waiting for any more ends for others.
  clock.runAtOnceUntil(milliseconds(clock.now() + answerTime(LIST) + 1));
  assert.ok(nodes[101]?.serve(LIST));
  assert.equal(nodes[2]?.isOpen, false);
});

test("a node has a few links at once: one more ends one of its own", () => {
  const full = room();
  const other = enter(full, nodeKey(0));
  const own = many(full, () => nodeKey(1), 10);
  assert.deepEqual([open(own), other.isOpen], [LINKS_OF_NODE_MAX, true]);
});

const TAKEN: Frame = { type: "status", accepted: true, reason: "" };

test("who finds no room for an answer is sent away at once", () => {
  const full = room({ nodesBytes: LIST });
  const first = enter(full, nodeKey(0));
  assert.ok(first.serve(LIST));
  let ask: ((frame: Uint8Array) => void) | undefined;
  const [sent, closed]: [unknown[], unknown[]] = [[], []];
  const link: Partial<Link> = {
    protocol: "starling-directory/2",
    peer: { role: "directory", key: nodeKey(1) },
    onClose: () => undefined,
    onFrame: (handler) => {
      ask = handler;
    },
    send: (frame) => {
      sent.push(frame.length);
      return true;
    },
    close: (how) => void closed.push(how),
  };
  const list: Frame = { type: "consensus", time: milliseconds(0), bytes: new Uint8Array(9), room: 11.3e6 };
  serveLink(link as Link, { authority: { handle: () => list }, room: full, log: { event: () => undefined } });
  const question = encodeFrame({ type: "fetchConsensus", epoch: "current" }, { packetBytes: 0, payloadBytes: 0 });
  ask?.(question);
  assert.deepEqual([sent, closed, first.isOpen], [[], [{ isDead: true }], true]);
  first.isServed();
  ask?.(question);
  assert.deepEqual(sent, [LIST]);
});

test("a link has one answer under way: who asks on without reading it is cut off, who reads may ask sixteen times", () => {
  const [questions, answers]: [number[], (() => void)[]] = [[], []];
  const closed: unknown[] = [];
  let ask: ((frame: Uint8Array) => void) | undefined;
  const link: Partial<Link> = {
    protocol: "starling-directory/2",
    peer: { role: "directory", key: stranger },
    onClose: () => undefined,
    onFrame: (handler) => {
      ask = handler;
    },
    send: (_frame, onTaken) => {
      answers.push(() => onTaken?.());
      return true;
    },
    close: (how) => void closed.push(how),
  };
  const handle = (): Frame => {
    questions.push(questions.length);
    return TAKEN;
  };
  const serve = () => {
    serveLink(link as Link, { authority: { handle }, room: room(), log: { event: () => undefined } });
  };
  const question = encodeFrame({ type: "fetchConsensus", epoch: "current" }, { packetBytes: 0, payloadBytes: 0 });
  serve();
  for (let n = 0; n < QUESTIONS_PER_LINK_MAX; n++) {
    assert.deepEqual(closed, []);
    ask?.(question);
    answers.at(-1)?.();
  }
  assert.deepEqual([questions.length, closed], [QUESTIONS_PER_LINK_MAX, [undefined]], "in peace: all of it has left");
  closed.length = 0;
  serve();
  ask?.(question);
  ask?.(question);
  assert.deepEqual([questions.length, closed], [QUESTIONS_PER_LINK_MAX + 1, [{ isDead: true }]]);
});
