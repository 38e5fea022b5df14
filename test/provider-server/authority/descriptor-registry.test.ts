/** What an authority does with descriptors before it knows whose they are. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission } from "#provider-server/authority/admission.ts";
import { DescriptorRegistry } from "#provider-server/authority/descriptor-registry.ts";
import { MemoryAuthorityStore } from "#test/support/memory-authorities.ts";
import { testAdmission, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";

const plain = await loadSuite("x25519", "native");

test("a stranger's well signed descriptor, and one that is known already, cost no check of a signature", () => {
  let checks = 0;
  const verify: Suite["hybrid"]["verify"] = (...all) => {
    checks++;
    return plain.hybrid.verify(...all);
  };
  const suite: Suite = { ...plain, hybrid: { ...plain.hybrid, verify } };
  const { network } = testNetwork({ suite: plain });
  const admission = new Admission([testAdmission(plain, "mix0")]);
  const registry = new DescriptorRegistry({ network, suite, admission, store: new MemoryAuthorityStore() });
  const [own, stranger] = ["mix0", "stranger"].map(
    (name) => testDescriptor(plain, { name, publishedAt: 80_000 }).bytes,
  );
  assert.ok(own && stranger);
  assert.equal(registry.publish(stranger, seconds(90)), "the node is not admitted");
  assert.equal(checks, 0);
  assert.equal(registry.publish(own, seconds(90)), undefined);
  assert.equal(registry.publish(own, seconds(90)), undefined);
  assert.equal(checks, 1);
});
