/** What an authority does with descriptors before it knows whose they are. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission } from "#provider-server/authority/admission.ts";
import { DescriptorRegistry } from "#provider-server/authority/descriptor-registry.ts";
import { DESCRIPTORS_PER_EPOCH_MAX } from "#provider-server/authority/limits.ts";
import { MemoryAuthorityStore } from "#test/support/memory-authorities.ts";
import { type NodeWish, testAdmission, testDescriptor, testNetwork } from "#test/support/test-network.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";

const plain = await loadSuite("x25519", "native");

function registryOf(name: string) {
  const checks = { made: 0 };
  const verify: Suite["hybrid"]["verify"] = (...all) => {
    checks.made++;
    return plain.hybrid.verify(...all);
  };
  const suite: Suite = { ...plain, hybrid: { ...plain.hybrid, verify } };
  const { network } = testNetwork({ suite: plain });
  const admission = new Admission([testAdmission(plain, name)]);
  return { checks, registry: new DescriptorRegistry({ network, suite, admission, store: new MemoryAuthorityStore() }) };
}

test("a stranger's well signed descriptor, and one that is known already, cost no check of a signature", () => {
  const { checks, registry } = registryOf("mix0");
  const [own, stranger] = ["mix0", "stranger"].map(
    (name) => testDescriptor(plain, { name, publishedAt: 80_000 }).bytes,
  );
  assert.ok(own && stranger);
  assert.equal(registry.publish(stranger, seconds(90)), "the node is not admitted");
  assert.equal(checks.made, 0);
  assert.equal(registry.publish(own, seconds(90)), undefined);
  assert.equal(registry.publish(own, seconds(90)), undefined);
  assert.equal(checks.made, 1);
});

test("a link key is a node's once the node has published, and never because somebody sent it", () => {
  const { registry } = registryOf("mix0");
  const [own, other] = ["mix0", "stranger"].map((name) => testDescriptor(plain, { name }).linkKey);
  assert.ok(own && other);
  assert.equal(registry.hasLinkKey(own), false);
  for (const name of ["mix0", "stranger"])
    registry.publish(testDescriptor(plain, { name, publishedAt: 80_000 }).bytes, seconds(90));
  assert.deepEqual([registry.hasLinkKey(own), registry.hasLinkKey(other)], [true, false]);
});

test("an admitted node's descriptor that is old, of the future, or of another role or operator costs no check of a signature", () => {
  const { checks, registry } = registryOf("a");
  const publish = (wish: Partial<NodeWish>) =>
    registry.publish(testDescriptor(plain, { name: "a", role: "provider", ...wish }).bytes, seconds(90));
  assert.equal(publish({ publishedAt: 80_000 }), undefined);
  assert.equal(checks.made, 1);
  assert.equal(publish({ publishedAt: 79_999 }), "a newer descriptor is known");
  assert.equal(publish({ publishedAt: 10 ** 9 }), "the descriptor is from the future");
  assert.equal(publish({ publishedAt: 81_000, domain: "b.example" }), "the node is admitted for another domain");
  assert.equal(registry.publish(new Uint8Array(9), seconds(90)), "not a descriptor");
  assert.equal(checks.made, 1);
});

test("a node that signs one descriptor after the other costs a bounded number of checks and of writes in an epoch", () => {
  const { checks, registry } = registryOf("mix0");
  const publish = (publishedAt: number, now: number) =>
    registry.publish(testDescriptor(plain, { name: "mix0", publishedAt }).bytes, milliseconds(now));
  for (let n = 0; n < DESCRIPTORS_PER_EPOCH_MAX; n++) assert.equal(publish(80_000 + n, 101_000), undefined);
  assert.equal(publish(90_000, 102_000), "too many descriptors of the node in this epoch");
  assert.equal(checks.made, DESCRIPTORS_PER_EPOCH_MAX);
  assert.equal(publish(90_000, 121_000), undefined, "in the next epoch it is heard again");
});
