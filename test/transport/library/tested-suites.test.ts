import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#test/support/seeded-random.ts";
import type { SuiteName } from "#transport/core/parameters.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { testedSuites } from "#transport/library/tested-suites.ts";

const random = new SeededRandom("tested suites");
const native = (name: SuiteName): Promise<Suite> => loadSuite(name, "native");

test("a suite that gives the right answers is loaded and tried once", async () => {
  const loaded: SuiteName[] = [];
  const suites = testedSuites({
    random,
    load: (name) => {
      loaded.push(name);
      return native(name);
    },
  });
  const [first, second] = await Promise.all([suites("xwing"), suites("xwing")]);
  assert.equal(first, second);
  assert.equal((await suites("x25519")).name, "x25519");
  assert.deepEqual(loaded, ["xwing", "x25519"]);
});

test("a program never gets a suite whose primitives, or whose packets, are wrong", async () => {
  const plants: ((suite: Suite) => Partial<Suite>)[] = [
    () => ({ sha256: () => new Uint8Array(32) }),
    // Right on short input: only a packet shows it.
    (suite) => ({ chacha20InPlace: (key, bytes) => suite.chacha20InPlace(key, bytes.subarray(0, 8192)) }),
  ];
  for (const plant of plants) {
    const suites = testedSuites({
      random,
      load: async (name) => {
        const suite = await native(name);
        return { ...suite, ...plant(suite) };
      },
    });
    for (let i = 0; i < 2; i++)
      await assert.rejects(suites("xwing"), /^Error: the self-test of .* failed \(native cryptography\)$/);
  }
});
