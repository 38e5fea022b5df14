/** Loads a suite. The import is dynamic, so that a program that uses the portable one never touches a native module. */

import type { SuiteName } from "../core/parameters.ts";
import type { Suite } from "./suite.ts";

export async function loadSuite(name: SuiteName, implementation: "native" | "portable"): Promise<Suite> {
  if (implementation === "native") return (await import("./native.ts")).nativeSuite(name);
  return (await import("./portable.ts")).portableSuite(name);
}
