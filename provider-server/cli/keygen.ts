/** `keygen`: the long-term keys of a node or authority. */

import { SystemRandom } from "#transport/core/system-random.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { createKeyFile, publicKeys, readKeyFile } from "./key-file.ts";
import { notUnderstood, readArgs, required } from "./usage.ts";

export async function keygen(args: string[]): Promise<void> {
  const { values } = readArgs(args, { out: { type: "string" }, show: { type: "string" } }, 0);
  if (values.out !== undefined && values.show !== undefined)
    throw notUnderstood("--out makes keys, --show prints those of a file: one of them is needed.");
  const keys =
    values.show === undefined
      ? createKeyFile(required(values.out, "out"), new SystemRandom())
      : readKeyFile(values.show);
  // Keys of nodes are the same whatever the network's suite.
  process.stdout.write(`${JSON.stringify(publicKeys(keys, await loadSuite("xwing", "native")))}\n`);
}
