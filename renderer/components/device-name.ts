/** A name for a device that has none yet, from the kind of computer the window runs on: to be kept or typed over. */

import type { Texts } from "../text/en.ts";

export function guessedName({ kinds }: Texts["devices"], userAgent: string): string {
  if (/Android|iPhone|iPad/.test(userAgent)) return kinds.telephone;
  if (userAgent.includes("Windows")) return kinds.windows;
  if (userAgent.includes("Mac OS")) return kinds.mac;
  return userAgent.includes("Linux") ? kinds.linux : kinds.other;
}
