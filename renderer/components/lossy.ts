/** Whether more loops are missing of late than an honest network loses now and then. */

import type { NetworkState } from "#main/contract/contract.ts";

/** Of ten: where 4 % are lost, two are missing at one look of seventeen. */
const LOST_FEW = 1;

export const isLossy = ({ recentLoops: { sent, returned } }: Pick<NetworkState, "recentLoops">): boolean =>
  sent - returned > LOST_FEW;
