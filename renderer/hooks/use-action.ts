/** Something the user does: whether it is under way, and with which code it failed. */

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { ErrorCode } from "#main/contract/contract.ts";
import { CallError } from "#main/contract/port.ts";

export interface Action<A extends readonly unknown[]> {
  readonly run: (...args: A) => void;
  readonly pending: boolean;
  readonly error: ErrorCode | undefined;
  readonly clear: () => void;
}

/** While one run is under way, further ones are ignored: a second press on Send sends nothing twice. */
export function useAction<A extends readonly unknown[]>(act: (...args: A) => Promise<void>): Action<A> {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ErrorCode>();
  const latest = useRef({ act, running: false, mounted: true });

  useLayoutEffect(() => {
    latest.current.act = act;
  });
  useEffect(() => {
    const state = latest.current;
    state.mounted = true;
    return () => {
      state.mounted = false;
    };
  }, []);

  const run = useCallback((...args: A) => {
    const state = latest.current;
    if (state.running) return;
    state.running = true;
    setPending(true);
    setError(undefined);
    state
      .act(...args)
      .catch((thrown: unknown) => {
        if (state.mounted) setError(codeOf(thrown));
      })
      .finally(() => {
        state.running = false;
        if (state.mounted) setPending(false);
      });
  }, []);
  const clear = useCallback(() => setError(undefined), []);
  return { run, pending, error, clear };
}

export const codeOf = (error: unknown): ErrorCode => (error instanceof CallError ? error.code : "INTERNAL");
