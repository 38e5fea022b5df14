/** What nodes ask of authorities: when they may believe that one has their descriptor, and what a question costs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TransportError } from "#transport/core/errors.ts";
import { epochNumber, milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { DirectoryClient } from "#transport/directory/directory-client.ts";
import { decodeFrame, documentAnswerBytes, encodeFrame, type Frame } from "#transport/link/frame.ts";
import { DOCUMENT_BYTES_MAX, lineTime } from "#transport/link/limits.ts";
import type { Dialer, Link } from "#transport/link/link.ts";
import { MemoryAuthorities } from "#test/support/memory-authorities.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { signedConsensus, testNetwork, testNodes } from "#test/support/test-network.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { WrongClock } from "#test/support/wrong-clock.ts";

const suite = await loadSuite("x25519", "native");
const made = testNetwork({ suite });
const { network } = made;
const NO_PACKETS = { packetBytes: 0, payloadBytes: 0 };

type Authority = "takes" | "refuses" | "down";

test("a descriptor is published once as many authorities took it as must sign a consensus", async () => {
  await publish(["takes", "takes", "takes"]);
  await publish(["takes", "down", "takes"]);
  await assert.rejects(publish(["takes", "down", "down"]), { code: "PROVIDER_DOWN", message: /1 of 3 authorities/ });
  await assert.rejects(publish(["down", "down", "down"]), { code: "PROVIDER_DOWN", message: /0 of 3 authorities/ });
  await assert.rejects(publish(["refuses", "takes", "down"]), { code: "REFUSED", message: /not admitted/ });
  await assert.rejects(publish(["refuses", "refuses", "refuses"]), { code: "REFUSED", message: /not admitted/ });
});

test("what an authority says of a refusal cannot look like lines of a node's own log", async () => {
  const said = "no\nthe disk takes entries again\u001b[2J";
  const refused = publish(["refuses", "down", "down"], said);
  await assert.rejects(refused, { code: "REFUSED", message: /no\?the disk takes entries again\?\[2J$/ });
});

test("whoever fetches a list asks authorities in random order: none of them is everybody's first", async () => {
  const first = new Map<string, number>();
  for (let n = 0; n < 90; n++) {
    const asked: string[] = [];
    const dial: Dialer["dial"] = async ({ address }) => {
      asked.push(address);
      throw new TransportError("PROVIDER_DOWN");
    };
    const clock = new VirtualClock();
    const client = new DirectoryClient({ dialer: { dial }, network, suite, clock, random: new SeededRandom(`${n}`) });
    const fetched = assert.rejects(client.fetchConsensus("current"), { code: "PROVIDER_DOWN" });
    await clock.runUntilSettled(fetched, seconds(300));
    assert.equal(new Set(asked).size, network.authorities.length, "a node that finds nobody has asked them all");
    const [address = ""] = asked;
    first.set(address, (first.get(address) ?? 0) + 1);
  }
  for (const { address } of network.authorities)
    assert.ok((first.get(address) ?? 0) > 15, `${first.get(address)} of 90`);
});

test("the time costs as little however long lists are, and comes of one authority more than may lie", async () => {
  const clock = new VirtualClock({ start: network.genesis });
  const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted: [] });
  const nodes = testNodes(suite, { perLayer: 20, periods: Array.from({ length: 12 }, (_, period) => period) });
  const list = signedConsensus(made, suite, nodes);
  assert.ok(list.length > 32_768, `${list.length}`);
  for (const store of authorities.stores) store.putConsensus(epochNumber(0), list);
  authorities.startAll();
  let came: number[] = [];
  const dial: Dialer["dial"] = async ({ address }) => {
    const to = network.authorities.findIndex((authority) => authority.address === address);
    return asking((frame) => {
      const answer = authorities.ask(to, frame);
      const bytes = encodeFrame(answer, NO_PACKETS);
      came.push(bytes.length);
      return bytes;
    });
  };
  const ask = async <T>(question: (client: DirectoryClient) => Promise<T>, seed: string): Promise<T> => {
    came = [];
    return question(new DirectoryClient({ dialer: { dial }, network, suite, clock, random: new SeededRandom(seed) }));
  };
  const { consensus, time } = await ask((client) => client.fetchConsensus("current"), "list");
  assert.equal(consensus?.epoch, 0);
  const [short, long] = [0, list.length].map((bytes) => 5 + documentAnswerBytes(bytes));
  assert.deepEqual(came, [short, short, long, long]);
  const none = await ask((client) => client.fetchConsensus(epochNumber(1)), "none");
  assert.equal(none.consensus, undefined);
  assert.deepEqual(came, [short, short, short, short, short], "that there is no such list is soon said");
  assert.equal(await ask((client) => client.fetchTime(), "time"), time);
  assert.deepEqual(came, [short, short]);
  for (const at of authorities.stores.keys()) authorities.kill(at);
});

test("an authority that lies about the time makes no right clock look wrong, and keeps nobody from a list", async () => {
  for (const lie of [10, -10]) {
    for (let n = 0; n < 20; n++) {
      const clock = new VirtualClock({ start: network.genesis });
      const dial: Dialer["dial"] = async ({ address }) => {
        const isLiar = address === network.authorities[0]?.address;
        const time = milliseconds(clock.now() + (isLiar ? lie * 3_600_000 : 0));
        return asking(() => encodeFrame({ type: "consensus", time, bytes: new Uint8Array(0) }, NO_PACKETS));
      };
      const client = new DirectoryClient({ dialer: { dial }, network, suite, clock, random: new SeededRandom(`${n}`) });
      assert.equal(await client.fetchTime(), clock.now(), `${n}`);
    }
  }
});

test("a clock that is set between two answers does not look right by the first", async () => {
  const clock = new WrongClock(new VirtualClock({ start: network.genesis }));
  const right = clock.now();
  let answers = 0;
  const dial: Dialer["dial"] = async () =>
    asking(() => {
      if (answers++ === 1) clock.error = 3 * 3_600_000;
      return encodeFrame({ type: "consensus", time: right, bytes: new Uint8Array(0) }, NO_PACKETS);
    });
  const client = new DirectoryClient({ dialer: { dial }, network, suite, clock, random: new SeededRandom("set") });
  assert.equal(await client.fetchTime(), right);
});

test("whose clock is not the authorities' asks for no list", async () => {
  const clock = new VirtualClock({ start: network.genesis });
  const asked: unknown[] = [];
  const dial: Dialer["dial"] = async () =>
    asking((frame) => {
      asked.push(frame.type === "fetchConsensus" ? frame.epoch : frame.type);
      return encodeFrame({ type: "consensus", time: clock.now(), bytes: new Uint8Array(0) }, NO_PACKETS);
    });
  const client = new DirectoryClient({ dialer: { dial }, network, suite, clock, random: new SeededRandom("none") });
  const fetched = await client.fetchConsensus("current", () => false);
  assert.deepEqual(fetched, { consensus: undefined, time: clock.now() });
  assert.deepEqual(asked, ["time", "time"]);
});

for (const bytes of [11.3e6, DOCUMENT_BYTES_MAX]) {
  test(`a list of ${bytes} bytes comes over a line of 1 Mbit/s, one at a time, and with the right time`, async () => {
    const clock = new VirtualClock({ start: network.genesis });
    const authorities = new MemoryAuthorities({ test: made, suite, clock, admitted: [] });
    for (const store of authorities.stores) store.putConsensus(epochNumber(0), signedConsensus(made, suite));
    authorities.startAll();
    const asked: string[] = [];
    // All that comes to this node comes over one line, in the order in which it was asked for.
    let free = clock.now();
    const dial: Dialer["dial"] = async ({ address }) => {
      const to = network.authorities.findIndex((authority) => authority.address === address);
      return asking(
        (frame) => {
          const answer = authorities.ask(to, frame);
          assert.ok(answer.type === "consensus" && frame.type === "fetchConsensus");
          asked.push(`${frame.epoch}`);
          return encodeFrame(frame.epoch === "time" ? answer : { ...answer, room: bytes }, NO_PACKETS);
        },
        (answer, come, piece) => {
          const begins = milliseconds(Math.max(free, clock.now()) + 10);
          const pieceBytes = Math.ceil(answer.length / 100);
          for (let so = 1; so < answer.length; so += pieceBytes)
            clock.at(milliseconds(begins + lineTime(so)), () => piece(so));
          free = milliseconds(begins + lineTime(answer.length));
          clock.at(free, come);
        },
      );
    };
    const client = new DirectoryClient({ dialer: { dial }, network, suite, clock, random: new SeededRandom("slow") });
    const began = clock.now();
    const fetched = client.fetchConsensus("current");
    await clock.runUntilSettled(fetched, seconds(600));
    const { consensus, time } = await fetched;
    assert.ok(consensus !== undefined);
    assert.deepEqual(asked, ["time", "time", "current", "current"]);
    assert.ok(clock.now() - began > 2 * lineTime(bytes));
    assert.ok(Math.abs(time - clock.now()) < 1000, `${time - clock.now()} ms`);
    for (const at of authorities.stores.keys()) authorities.kill(at);
  });
}

/** A link on which each question is answered by what `answer` makes of it. */
function asking(
  answer: (frame: Frame) => Uint8Array,
  takes: (answer: Uint8Array, come: () => void, piece: (bytes: number) => void) => void = (_answer, come) => come(),
): Link {
  const link = answering(true, "");
  let onFrame: ((frame: Uint8Array) => void) | undefined;
  let onPiece: ((bytes: number) => void) | undefined;
  const context = { protocol: link.protocol, direction: "fromDialer", sizes: NO_PACKETS } as const;
  return {
    ...link,
    onFrame: (handler, options) => {
      onFrame = handler;
      onPiece = options?.onPiece;
    },
    send: (bytes) => {
      const answered = answer(decodeFrame(bytes, context));
      takes(
        answered,
        () => onFrame?.(answered),
        (so) => onPiece?.(so),
      );
      return true;
    },
  };
}

function publish(authorities: readonly Authority[], said = "the node is not admitted"): Promise<void> {
  const clock = new VirtualClock();
  const dialer: Dialer = {
    async dial({ address }) {
      const index = network.authorities.findIndex((authority) => authority.address === address);
      const authority = authorities[index] ?? "down";
      if (authority === "down") throw new TransportError("PROVIDER_DOWN");
      return answering(authority === "takes", said);
    },
  };
  const random = new SeededRandom("directory-client");
  return new DirectoryClient({ dialer, network, suite, clock, random }).publishDescriptor(new Uint8Array(10));
}

/** A link that answers whatever it is sent. */
function answering(accepted: boolean, said: string): Link {
  let onFrame: ((frame: Uint8Array) => void) | undefined;
  const reason = accepted ? "" : said;
  return {
    protocol: "starling-directory/2",
    peer: { role: "directory", key: new Uint8Array(32) },
    writable: true,
    send() {
      onFrame?.(encodeFrame({ type: "status", accepted, reason }, NO_PACKETS));
      return true;
    },
    onFrame(handler) {
      onFrame = handler;
    },
    onClose: () => undefined,
    close: () => undefined,
  };
}
