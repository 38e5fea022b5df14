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
import { recordTraffic, type Traffic } from "./traffic.ts";
import { webTargets } from "./web-targets.ts";

export async function allTargets(): Promise<Target[]> {
  return [...(await targetsWithX25519()), ...(await targetsWithXWing())];
}

/** Every decoder, with the suite whose packets are short and quick. */
export async function targetsWithX25519(): Promise<Target[]> {
  const traffic = await recordTraffic({ suite: "x25519", seed: "fuzz" });
  return [
    ...(await networkTargets(traffic)),
    ...localTargets(),
    ...deviceTargets(traffic),
    ...tokenTargets(traffic),
    ...(await storeTargets(traffic)),
    ...(await mailTargets()),
  ];
}

/** Those that depend on the suite, once more with that of live networks and with packets as long as there. */
export async function targetsWithXWing(): Promise<Target[]> {
  const targets = await networkTargets(await recordTraffic({ suite: "xwing", seed: "fuzz" }));
  const dependent = targets.filter(({ dependsOnSuite }) => dependsOnSuite === true);
  return dependent.map(({ name, ...target }) => Object.assign(target, { name: `${name} with X-Wing` }));
}

async function networkTargets(traffic: Traffic): Promise<Target[]> {
  return [
    ...linkTargets(traffic),
    ...webTargets(traffic),
    ...(await packetTargets(traffic)),
    ...serviceTargets(traffic),
    ...boxTargets(traffic),
    ...(await nodeTargets(traffic)),
    ...directoryTargets(traffic),
    ...evidenceTargets(traffic),
  ];
}
