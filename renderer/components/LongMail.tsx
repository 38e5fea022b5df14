/** What a long mail gives away, said before it is sent: of the figures in docs/anonymity.md, in words. */

import { useTexts } from "../hooks/use-texts.ts";

/** A hundred packets: the first length whose sender is found in noticeably more cases than somebody else (docs/anonymity.md). */
const LONG_BYTES = 2_000_000;
/** Hours on its way, and the sender found in a third of cases and more: asked about once. */
const VERY_LONG_BYTES = 10_000_000;

export const isVeryLong = (bytes: number): boolean => bytes > VERY_LONG_BYTES;

export function LongMail({ bytes }: { readonly bytes: number }) {
  const { compose } = useTexts();
  if (bytes <= LONG_BYTES) return null;
  return <output className="warning">{isVeryLong(bytes) ? compose.veryLong : compose.long}</output>;
}
