/** Says what is awaited, once it has lasted. No spinner. */

import { useLate } from "../hooks/use-late.ts";

export function Waiting({ children }: { readonly children: string }) {
  const late = useLate();
  return (
    <p className="waiting" role="status">
      {late ? children : ""}
    </p>
  );
}
