/** What a device is called, and a name for one that has none yet, from the kind of computer the window runs on: to be kept or typed over. */

import type { Device } from "#main/contract/contract.ts";
import type { Texts } from "../text/en.ts";
import { visible } from "./visible-name.ts";

export function guessedName({ kinds }: Texts["devices"], userAgent: string): string {
  if (/Android|iPhone|iPad/.test(userAgent)) return kinds.telephone;
  if (userAgent.includes("Windows")) return kinds.windows;
  if (userAgent.includes("Mac OS")) return kinds.mac;
  return userAgent.includes("Linux") ? kinds.linux : kinds.other;
}

/** What a device is called where it stands for itself. */
export function deviceName({ name, isThis, isJoining, isUnfinished }: Device, texts: Texts["devices"]): string {
  if (visible(name) !== "") return visible(name);
  if (isThis) return texts.thisUnnamed;
  if (isUnfinished) return texts.unfinished;
  return isJoining ? texts.joining : texts.unnamed;
}
