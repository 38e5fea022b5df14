/**
 * Names and file names come from strangers. Characters that are invisible, blank or turn the direction of writing could make
 * one name look like another, so they are not shown.
 */

import type { Person } from "#main/contract/contract.ts";

// Controls; soft hyphens, fillers, zero-width, direction and variation marks, tags; and the blank braille pattern.
const UNSEEN = /[\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/gu;

export const visible = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll(UNSEEN, "").trim();

/** The name, or the address where there is none. A name that is itself an address would hide the real one. */
export function nameOf({ name, address }: Person): string {
  const shown = visible(name);
  return shown === "" || (shown.includes("@") && shown !== address) ? address : shown;
}
