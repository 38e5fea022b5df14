/** How many links an authority keeps for whom, by how much may wait on them, and on each. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { QUESTIONS_PER_LINK_MAX, STRANGERS_ANSWERS_BYTES_MAX } from "#provider-server/authority/limits.ts";
import { LinkRoom, linksOfAuthorityMax } from "#provider-server/authority/link-room.ts";
import { serveLink } from "#provider-server/authority/serve-link.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { documentAnswerBytes, encodeFrame, type Frame } from "#transport/link/frame.ts";
import { DOCUMENT_BYTES_MAX } from "#transport/link/limits.ts";
import type { Link } from "#transport/link/link.ts";

const { network } = testNetwork({ suite: await loadSuite("x25519", "native") });

interface Kept {
  readonly links: Link[];
  readonly open: number;
  readonly sender: number | "anyone";
}

/** What becomes of `count` links of one sender. */
function kept(room: LinkRoom, key: Uint8Array, count: number): Kept {
  const open = new Set<number>();
  let sender: number | "anyone" = "anyone";
  const links = Array.from({ length: count }, (_, n) => {
    open.add(n);
    let onClose: ((reason: string) => void) | undefined;
    const link: Pick<Link, "peer" | "close" | "onClose"> = {
      peer: { role: "directory", key },
      onClose: (handler) => {
        onClose = handler;
      },
      close: (how) => {
        assert.deepEqual(how, { isDead: true }, "what waits on a link that had to go does not stay");
        open.delete(n);
        onClose?.("closed here");
      },
    };
    sender = room.add(link as Link);
    return link as Link;
  });
  assert.ok(open.has(count - 1), "the newest stays");
  return {
    links,
    get open() {
      return open.size;
    },
    sender,
  };
}

const stranger = new Uint8Array(32).fill(9);
const authority = network.authorities[1]?.linkKey as Uint8Array;

test("strangers keep as many links as answers fit into memory, at most what is set; authorities have their own", () => {
  const room = (answerBytes: number) => new LinkRoom({ network, answerBytes: () => answerBytes });
  const open = (answerBytes: number) => kept(room(answerBytes), stranger, 1000).open;
  assert.equal(open(documentAnswerBytes(0)), 768);
  assert.equal(open(STRANGERS_ANSWERS_BYTES_MAX / 200), 200);
  // A live network's list of a thousand nodes, and the longest that there may be (docs/spec/08-directory.md §3).
  assert.equal(open(documentAnswerBytes(11.3e6)), 46);
  assert.equal(open(documentAnswerBytes(DOCUMENT_BYTES_MAX)), 32);
  const full = room(32 * 1024);
  assert.equal(kept(full, stranger, 1000).sender, "anyone");
  const own = kept(full, authority, 100);
  assert.deepEqual([own.open, own.sender], [linksOfAuthorityMax(network), 1]);
});

test("links that came while lists were short do not all get a long one", () => {
  let answerBytes = documentAnswerBytes(0);
  const room = new LinkRoom({ network, answerBytes: () => answerBytes });
  const strangers = kept(room, stranger, 768);
  assert.equal(strangers.open, 768);
  answerBytes = documentAnswerBytes(11.3e6);
  room.trim("anyone");
  assert.equal(strangers.open, 46);
});

const TAKEN: Frame = { type: "status", accepted: true, reason: "" };

test("before an answer leaves, too, links that came while lists were short are ended", () => {
  let answerBytes = documentAnswerBytes(0);
  const room = new LinkRoom({ network, answerBytes: () => answerBytes });
  const strangers = kept(room, stranger, 767);
  let ask: ((frame: Uint8Array) => void) | undefined;
  const link: Partial<Link> = {
    protocol: "starling-directory/2",
    peer: { role: "directory", key: stranger },
    onClose: () => undefined,
    onFrame: (handler) => {
      ask = handler;
    },
    send: () => true,
  };
  serveLink(link as Link, { authority: { handle: () => TAKEN }, room, log: { event: () => undefined } });
  answerBytes = documentAnswerBytes(11.3e6);
  assert.equal(strangers.open, 767);
  ask?.(encodeFrame({ type: "fetchConsensus", epoch: "current" }, { packetBytes: 0, payloadBytes: 0 }));
  assert.equal(strangers.open, 45, "and the one that asked");
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
    const room = new LinkRoom({ network, answerBytes: () => 32 * 1024 });
    serveLink(link as Link, { authority: { handle }, room, log: { event: () => undefined } });
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
