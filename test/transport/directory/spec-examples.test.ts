/** The worked examples of docs/spec/05-link.md and 08-directory.md are what the program writes. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex, toHex } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { epochNumber, milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { verifyConsensus } from "#transport/directory/consensus.ts";
import { signDescriptor, verifyDescriptor } from "#transport/directory/descriptor.ts";
import { decodeInvite } from "#transport/directory/invite.ts";
import { decodeNetwork } from "#transport/directory/network.ts";
import { decodeParameters, encodeParameters } from "#transport/directory/parameters-codec.ts";
import { createLinkCertificate } from "#transport/link/certificate.ts";
import { encodeFrame, type Frame } from "#transport/link/frame.ts";

const suite = await loadSuite("x25519", "portable");
const page = (name: string): string => readFileSync(new URL(`../../../docs/spec/${name}`, import.meta.url), "utf8");
const [links, directory] = [page("05-link.md"), page("08-directory.md")];
const filled = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value);

function block(text: string, title: string): string {
  const found = new RegExp(`\`\`\`(?:hex|text) ${title}\n([^\`]*)\`\`\``).exec(text)?.[1];
  assert.ok(found !== undefined, title);
  return found.replaceAll("\n", "");
}

test("the example certificate is the one of its seed", () => {
  const { certificatePem } = createLinkCertificate(filled(1));
  const der = Buffer.from(certificatePem.split("\n").slice(1, -2).join(""), "base64");
  assert.equal(block(links, "certificate"), der.toString("hex"));
});

test("the example frames are what the encoder writes", () => {
  const sizes = { packetBytes: 28_672, payloadBytes: 23_830 };
  const examples: readonly [string, Frame][] = [
    ["poll cursor 258", { type: "poll", cursor: 258 }],
    ["get-consensus current", { type: "getConsensus", epoch: "current" }],
    ["fetch-consensus 7", { type: "fetchConsensus", epoch: epochNumber(7) }],
    ['status refused "no"', { type: "status", accepted: false, reason: "no" }],
    ["publish-descriptor 0909", { type: "publishDescriptor", descriptor: filled(9, 2) }],
    ["consensus time 1000, 0909", { type: "consensus", time: milliseconds(1000), bytes: filled(9, 2) }],
  ];
  for (const [title, frame] of examples) {
    // A page shows a frame without the zeros that fill it.
    const shown = block(links, title);
    const written = toHex(encodeFrame(frame, sizes));
    assert.deepEqual([written.slice(0, shown.length), /^0*$/.test(written.slice(shown.length))], [shown, true], title);
  }
});

test("the example descriptor, parameters, network, consensus and invite are read as the page says", () => {
  const descriptor = verifyDescriptor(fromHex(block(directory, "descriptor")), suite);
  assert.deepEqual(signDescriptor({ fields: descriptor, identitySeed: filled(2), suite }), descriptor);
  assert.deepEqual(
    [descriptor.domain, descriptor.operator, descriptor.address],
    ["a.example", "alpha", "127.0.0.1:4001"],
  );
  assert.ok(directory.includes(toHex(descriptor.nodeId)));
  assert.ok(directory.includes(toHex(descriptor.signingKey)));
  assert.equal(block(directory, "parameters"), toHex(encodeParameters(LIVE_PARAMETERS)));
  assert.deepEqual(decodeParameters(fromHex(block(directory, "parameters"))), LIVE_PARAMETERS);
  const network = decodeNetwork(fromHex(block(directory, "network")), suite);
  assert.ok(directory.includes(toHex(network.hash)));
  const consensus = verifyConsensus(network, fromHex(block(directory, "consensus")), suite);
  assert.ok(directory.includes(toHex(consensus.hash)));
  assert.equal(consensus.epoch, 7);
  assert.deepEqual(consensus.commits, new Map([[0, filled(0x44)]]));
  const { bytes: _, ...listed } = descriptor;
  assert.deepEqual(consensus.providers, [listed]);
  assert.deepEqual(descriptor.loopReport, {
    epoch: 6,
    sent: 900,
    lost: [
      [0, 2, 4],
      [1, 2, 5],
    ],
  });
  assert.deepEqual(consensus.demotions, [
    { node: filled(0xc0), to: undefined, effect: "avoided", until: 19, strikes: 1 },
    { node: filled(0xc0), to: filled(0xd0), effect: "kept", until: 31, strikes: 2 },
  ]);
  const invite = decodeInvite(block(directory, "invite"));
  assert.deepEqual([invite.networkHash, invite.linkKey, invite.code], [network.hash, descriptor.linkKey, "K7-2"]);
});
