/** The contract's port over the two functions that the preload script offers. Spec: docs/spec/10-contract.md */

import type { Port } from "#main/contract/port.ts";

/** What the preload script puts on the window: text out, text in, nothing else. */
export interface Bridge {
  send(json: string): void;
  onMessage(listener: (json: string) => void): void;
}

/** Such a port ends with its window, so nobody ever hears of a close except through `close` itself. */
export function electronPort(bridge: Bridge): Port {
  let closed = false;
  let listener: ((json: string) => void) | undefined;
  const kept: string[] = [];
  const closeListeners: (() => void)[] = [];
  // The bridge cannot take a listener back, so it gets exactly one.
  bridge.onMessage((json) => {
    if (closed) return;
    if (listener === undefined) kept.push(json);
    else listener(json);
  });

  return {
    send(json) {
      if (!closed) bridge.send(json);
    },
    onMessage(hear) {
      listener = hear;
      for (const json of kept.splice(0)) hear(json);
    },
    onClose: (hear) => void closeListeners.push(hear),
    close() {
      if (closed) return;
      closed = true;
      for (const hear of closeListeners) hear();
    },
  };
}
