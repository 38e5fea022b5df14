/** Cryptography that has given the right answers, for programs that put a client together themselves. Spec: docs/spec/00-conventions.md §6 */

import type { SuiteName } from "../core/parameters.ts";
import type { RandomSource } from "../core/random.ts";
import { selfTest } from "../crypto/self-test.ts";
import type { Suite } from "../crypto/suite.ts";
import { geometry } from "../sphinx/geometry.ts";
import { packetSelfTest } from "../sphinx/packet-self-test.ts";
import { Sphinx } from "../sphinx/sphinx.ts";

/**
 * `load`, with both self-tests before a suite is first given out: then it is kept. Rejects, again and again, with an Error that
 * names what is broken.
 */
export function testedSuites(o: {
  load: (name: SuiteName) => Promise<Suite>;
  random: RandomSource;
}): (name: SuiteName) => Promise<Suite> {
  const tested = new Map<SuiteName, Promise<Suite>>();
  const test = async (name: SuiteName): Promise<Suite> => {
    const suite = await o.load(name);
    selfTest(suite);
    // Which network's packets is not known yet; the cryptography is the same at any size.
    const sizes = geometry({ suite: name, packetBytes: LIVE_PACKET_BYTES });
    packetSelfTest(new Sphinx({ suite, geometry: sizes }), o.random);
    return suite;
  };
  return (name) => {
    const suite = tested.get(name) ?? test(name);
    tested.set(name, suite);
    return suite;
  };
}

const LIVE_PACKET_BYTES = 28_672;
