/** What reaches a node beside links: questions as its desk gets them, TXT records, and what its own threads write. */

import assert from "node:assert/strict";
import { recordOf, verdictOf } from "#provider-server/authority/domain-record.ts";
import { readResult, writeResult } from "#provider-server/mix/unwrapping/result.ts";
import { RESULT_BYTES } from "#provider-server/mix/unwrapping/job-memory.ts";
import { echoService } from "#provider-server/services/echo.ts";
import { haveService } from "#provider-server/services/have.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { keysService } from "#provider-server/services/keys.ts";
import { ServiceDesk } from "#provider-server/services/service-desk.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { sphinxNodes } from "#test/support/sphinx-nodes.ts";
import { toHex, Writer } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { mailboxId, milliseconds, nodeId, replayTag, surbId } from "#transport/core/units.ts";
import { CONSENSUS_PART_BYTES } from "#transport/link/limits.ts";
import { PADDED_BYTES_MIN, paddedLength } from "#transport/link/padding.ts";
import { PartCollector, toParts } from "#transport/link/parts.ts";
import { frameBody, unframeBody } from "#transport/sphinx/framed-body.ts";
import { encodeServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";
import type { Unwrapped } from "#transport/sphinx/packet.ts";
import type { Target } from "./fuzz.ts";
import { payloadOf, type Traffic } from "./traffic.ts";

export async function nodeTargets(traffic: Traffic): Promise<Target[]> {
  return [...(await deskTargets(traffic)), txt(), unwrapped(traffic), parts(), padding()];
}

/** Through the desk, SURB and all; the network's prefix of zeros is put on anew, so that changes get past it. */
async function deskTargets(traffic: Traffic): Promise<Target[]> {
  const own = await sphinxNodes({ ...payloadOf(traffic), seed: "fuzz desk" });
  const { sphinx, random } = own;
  const { geometry } = sphinx;
  const bodies = {
    keys: new Writer().text16("alice@a.example").finish(),
    have: new Writer().raw(random.bytes(32)).u16(2).raw(random.bytes(32)).finish(),
    echo: random.bytes(50),
  };
  const services = [
    keysService({ record: () => new Uint8Array(100) }),
    haveService({ clock: new VirtualClock(), mailboxes: { have: (_, hashes) => hashes.map(() => true) } }),
    echoService,
  ];
  const due: (() => void)[] = [];
  let outcome: string | undefined;
  const desk = new ServiceDesk({
    clock: { now: () => milliseconds(0), at: (_, task) => (due.push(task), () => undefined) },
    sphinx,
    services,
    spend: () => undefined,
    delays: random,
    padding: random,
    send: (_, packet) => assert.equal(packet.length, geometry.packetBytes),
    onDrop: (reason) => (outcome = reason),
  });
  return Object.entries(bodies).map(([service, body]): Target => {
    const surb = (): Uint8Array => {
      const made = { path: own.path(), mailbox: mailboxId(random.bytes(32)), surbId: surbId(random.bytes(16)), random };
      return sphinx.createSurb(made).surb;
    };
    const request = () => encodeServiceRequest(geometry, { service, surb: surb(), body, random });
    const recipient = serviceId(sphinx.suite, service);
    return {
      name: `request at the desk for ${service}`,
      dependsOnSuite: true,
      corpus: [request(), request()].map((payload) => unframeBody(geometry, payload)),
      decode: (framed) => {
        if (framed.length > geometry.replyBytes) throw new TransportError("MALFORMED");
        outcome = undefined;
        desk.handle(recipient, frameBody(geometry, framed, random));
        for (const task of due.splice(0)) task();
        if (outcome !== undefined) throw new TransportError("MALFORMED", outcome);
      },
      takesChanged: "some",
    };
  });
}

function txt(): Target {
  const node = nodeId(new Uint8Array(32).fill(0xab));
  const other = nodeId(new Uint8Array(32).fill(1));
  const records = [
    [recordOf(node)],
    ["v=spf1 -all", `${recordOf(node).toUpperCase().replace("STARLING1 NODE", "starling1 node")}  note=x`],
    [recordOf(other), recordOf(node), ""],
  ];
  return {
    name: "TXT records of a domain",
    corpus: records.map((list) => Buffer.from(list.join("\n"))),
    decode: (bytes) => {
      const texts = Buffer.from(bytes).toString("latin1").split("\n");
      const { kind } = verdictOf({ kind: "records", records: texts }, node);
      if (kind !== "confirmed") throw new TransportError("REFUSED");
      assert.ok(texts.some((text) => text.toLowerCase().includes(toHex(node))));
    },
    takesChanged: "some",
  };
}

/** A thread that loses its mind writes what it likes. */
function unwrapped({ geometry }: Traffic): Target {
  const { packetBytes, headerBytes, payloadBytes } = geometry;
  const random = new SeededRandom("fuzz results");
  const packet = new Uint8Array(packetBytes);
  const delivered = (command: "mailbox" | "reply"): Unwrapped => ({
    kind: "deliver",
    tag: replayTag(random.bytes(16)),
    command,
    recipient: random.bytes(32),
    surbId: surbId(random.bytes(16)),
    payload: packet.subarray(headerBytes),
  });
  const forwarded: Unwrapped = {
    kind: "forward",
    tag: replayTag(random.bytes(16)),
    next: nodeId(random.bytes(32)),
    delay: milliseconds(700),
    packet,
  };
  return {
    name: "what a thread says of a packet",
    dependsOnSuite: true,
    corpus: [forwarded, delivered("mailbox"), delivered("reply")].map((one) => {
      const result = new Uint8Array(RESULT_BYTES);
      writeResult(result, one);
      return result;
    }),
    decode: (bytes) => {
      const result = new Uint8Array(RESULT_BYTES);
      result.set(bytes.subarray(0, RESULT_BYTES));
      const read = readResult(result, packet, headerBytes);
      if (read === undefined) throw new TransportError("UNWRAP_FAILED");
      if (read.kind === "forward") assert.equal(read.packet.length, packetBytes);
      else assert.deepEqual([typeof read.command, read.payload.length], ["string", payloadBytes]);
      const again = new Uint8Array(result);
      writeResult(again, read);
      assert.deepEqual(again, result);
    },
    takesChanged: "some",
  };
}

function numbered(length: number, room = 0): Uint8Array {
  const writer = new Writer();
  const made = toParts(new Uint8Array(length), { time: milliseconds(0), room });
  for (const { index, count, part } of made) writer.u16(index).u16(count).u16(part.length);
  return writer.finish();
}

/** Index, count and length of one part after the other, as a lying provider would number them. */
function parts(): Target {
  return {
    name: "parts of a document",
    corpus: [numbered(0), numbered(100), numbered(70_000), numbered(100, 200_000)],
    decode: (bytes) => {
      const collector = new PartCollector();
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      let [given, taken] = [0, 0];
      for (let at = 0; at + 6 <= bytes.length; at += 6) {
        const length = Math.min(view.getUint16(at + 4), CONSENSUS_PART_BYTES);
        const [index, count] = [view.getUint16(at), view.getUint16(at + 2)];
        const part = new Uint8Array(length);
        given += length;
        const collected = collector.add({ type: "consensusPart", time: milliseconds(0), index, count, part });
        if (collected.kind === "document") taken += collected.bytes.length;
      }
      assert.ok(taken <= given);
    },
    takesChanged: "some",
  };
}

function padding(): Target {
  return {
    name: "length of a document on a link",
    corpus: [1, PADDED_BYTES_MIN, PADDED_BYTES_MIN + 1, 2 ** 23].map((length) => new Writer().u32(length).finish()),
    decode: (bytes) => {
      if (bytes.length !== 4) throw new TransportError("MALFORMED");
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      const padded = paddedLength(length);
      assert.ok(padded >= length && padded <= Math.max(PADDED_BYTES_MIN, length * 1.125));
      assert.equal(paddedLength(padded), padded);
    },
    takesChanged: "some",
  };
}
