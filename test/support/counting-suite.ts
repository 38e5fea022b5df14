/** A suite that counts how many signatures of two kinds were checked. */

import type { Suite } from "#transport/crypto/suite.ts";

export function countingSuite(suite: Suite): Suite & { checks: number } {
  const verify: Suite["hybrid"]["verify"] = (...all) => {
    counted.checks++;
    return suite.hybrid.verify(...all);
  };
  const counted = { ...suite, hybrid: { ...suite.hybrid, verify }, checks: 0 };
  return counted;
}
