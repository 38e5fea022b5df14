/** Every decoder that bytes from the network reach, with inputs from real traffic. A new decoder belongs here. */

import { directoryTargets } from "./directory-targets.ts";
import type { Target } from "./fuzz.ts";
import { linkTargets } from "./link-targets.ts";
import { packetTargets } from "./packet-targets.ts";
import { serviceTargets } from "./service-targets.ts";
import { recordTraffic } from "./traffic.ts";

export async function allTargets(): Promise<Target[]> {
  const traffic = await recordTraffic("fuzz");
  return [
    ...linkTargets(traffic),
    ...(await packetTargets(traffic)),
    ...serviceTargets(traffic),
    ...directoryTargets(traffic),
  ];
}
