/** Every decoder that bytes from the network, or from another program, reach, with inputs from real traffic. A new decoder belongs here. */

import { boxTargets } from "./box-targets.ts";
import { deviceTargets } from "./device-targets.ts";
import { directoryTargets } from "./directory-targets.ts";
import { evidenceTargets } from "./evidence-targets.ts";
import type { Target } from "./fuzz.ts";
import { linkTargets } from "./link-targets.ts";
import { localTargets } from "./local-targets.ts";
import { mailTargets } from "./mail-targets.ts";
import { nodeTargets } from "./node-targets.ts";
import { packetTargets } from "./packet-targets.ts";
import { serviceTargets } from "./service-targets.ts";
import { storeTargets } from "./store-targets.ts";
import { tokenTargets } from "./token-targets.ts";
import { recordTraffic } from "./traffic.ts";
import { webTargets } from "./web-targets.ts";

export async function allTargets(): Promise<Target[]> {
  const traffic = await recordTraffic("fuzz");
  return [
    ...linkTargets(traffic),
    ...webTargets(traffic),
    ...localTargets(),
    ...(await packetTargets(traffic)),
    ...serviceTargets(traffic),
    ...boxTargets(traffic),
    ...(await nodeTargets(traffic)),
    ...deviceTargets(traffic),
    ...tokenTargets(traffic),
    ...directoryTargets(traffic),
    ...evidenceTargets(traffic),
    ...(await storeTargets(traffic)),
    ...(await mailTargets()),
  ];
}
