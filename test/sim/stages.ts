/** Which stage of a packet's way each machine is. */

import type { World } from "./world.ts";

/** "provider", "layer1", "layer2", "layer3", by machine. Layers are held for weeks. */
export function stagesOf(world: World): Map<string, string> {
  const stages = new Map<string, string>(world.providerNames.map((name) => [name, "provider"]));
  const [provider] = world.providerNames;
  const newest = world.node(provider as string)?.consensuses.held[0];
  for (const name of world.mixNames) {
    const id = Buffer.from(world.node(name)?.nodeId as Uint8Array);
    const layer = newest?.layers.findIndex((nodes) => nodes.some(({ nodeId }) => id.equals(nodeId))) ?? -1;
    stages.set(name, `layer${layer + 1}`);
  }
  return stages;
}
