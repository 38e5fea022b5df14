/** Writes the examples of docs/spec/08-directory.md that follow from the parameters for people: `node test/support/write-spec-examples.ts`. */

import { readFileSync, writeFileSync } from "node:fs";
import { fromHex, toHex } from "#transport/core/bytes.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { epochNumber, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { consensusHash, encodeConsensus, encodeConsensusBody, signConsensus } from "#transport/directory/consensus.ts";
import { verifyDescriptor } from "#transport/directory/descriptor.ts";
import { decodeInvite, encodeInvite } from "#transport/directory/invite.ts";
import { createNetwork, decodeNetwork } from "#transport/directory/network.ts";
import { encodeParameters } from "#transport/directory/parameters-codec.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";

const PAGE = new URL("../../docs/spec/08-directory.md", import.meta.url);
const HEX_LINE = 96;
const INVITE_LINE = 139;

const suite = await loadSuite("x25519", "portable");
const filled = (value: number): Uint8Array => new Uint8Array(32).fill(value);
let page = readFileSync(PAGE, "utf8");

const identitySeed = filled(0x11);
const authority = {
  name: "auth1",
  identityKey: suite.hybrid.publicKey(identitySeed),
  linkKey: linkKeyOf(suite, filled(0x21)),
  address: "127.0.0.1:5001",
};
const parameters = { ...LIVE_PARAMETERS, suite: "x25519", packetBytes: 4096 } as const;
const network = createNetwork({
  fields: {
    name: "example",
    kind: "demo",
    authorities: [authority],
    threshold: 1,
    genesis: milliseconds(1_800_000_000_000),
    bootstrap: milliseconds(6000),
    parameters,
  },
  identitySeeds: [identitySeed],
  suite,
});

const provider = verifyDescriptor(fromHex(block("descriptor")), suite);
const epoch = epochNumber(7);
const body = encodeConsensusBody(network, {
  epoch,
  previous: network.hash,
  sharedRandom: filled(0x33),
  parameters,
  commits: new Map([[0, filled(0x44)]]),
  layers: [[], [], []],
  providers: [provider],
  demotions: [
    { node: nodeId(filled(0xc0)), to: undefined, effect: "avoided", until: epochNumber(19), strikes: 1 },
    { node: nodeId(filled(0xc0)), to: nodeId(filled(0xd0)), effect: "kept", until: epochNumber(31), strikes: 2 },
  ],
});
const hash = consensusHash(suite, body);
const consensus = encodeConsensus(body, new Map([[0, signConsensus({ epoch, hash, identitySeed, suite })]]));

const shown = decodeNetwork(fromHex(block("network")), suite);
const shownConsensus = fromHex(block("consensus"));
const shownHash = consensusHash(
  suite,
  shownConsensus.subarray(4, 4 + new DataView(shownConsensus.buffer).getUint32(0)),
);
page = page.replaceAll(toHex(shown.hash), toHex(network.hash)).replaceAll(toHex(shownHash), toHex(hash));
fill("parameters", toHex(encodeParameters(LIVE_PARAMETERS)), HEX_LINE);
fill("network", toHex(network.bytes), HEX_LINE);
fill("consensus", toHex(consensus), HEX_LINE);
fill("invite", encodeInvite({ ...decodeInvite(block("invite")), networkHash: network.hash }), INVITE_LINE);
writeFileSync(PAGE, page);

function block(title: string): string {
  const found = new RegExp(`\`\`\`(?:hex|text) ${title}\n([^\`]*)\`\`\``).exec(page)?.[1];
  if (found === undefined) throw new Error(`There is no example ${title}.`);
  return found.replaceAll("\n", "");
}

function fill(title: string, text: string, lineLength: number): void {
  const lines = text.match(new RegExp(`.{1,${lineLength}}`, "g")) ?? [];
  page = page.replace(new RegExp(`(\`\`\`(?:hex|text) ${title}\n)[^\`]*`), `$1${lines.join("\n")}\n`);
}
