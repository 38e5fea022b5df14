/** Says what is awaited, once it has lasted. No spinner. */

import { useLate } from "../hooks/use-late.ts";

export function Waiting({ children }: { readonly children: string }) {
  const late = useLate();
  return <output className="waiting">{late ? children : ""}</output>;
}
