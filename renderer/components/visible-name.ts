/**
 * Names and file names come from strangers. Characters that are invisible, blank or turn the direction of writing could make
 * one name look like another, so they are not shown.
 */

import type { Person } from "#main/contract/contract.ts";

// Controls, soft hyphen, Arabic letter mark, Hangul fillers, zero-width and bidirectional marks, braille blank, tags.
const UNSEEN =
  /[\p{Cc}\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\u2800\u3164\uFE00-\uFE0F\uFEFF\uFFA0\u{E0000}-\u{E0FFF}]/gu;

export const visible = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll(UNSEEN, "").trim();

/** The name, or the address where there is none. A name that is itself an address would hide the real one. */
export function nameOf({ name, address }: Person): string {
  const shown = visible(name);
  return shown === "" || (shown.includes("@") && shown !== address) ? address : shown;
}
