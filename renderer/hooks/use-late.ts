/** False until something has lasted: what comes within a blink needs no word of waiting. */

import { useEffect, useState } from "react";

const BLINK_MS = 400;

export function useLate(): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), BLINK_MS);
    return () => clearTimeout(timer);
  }, []);
  return late;
}
