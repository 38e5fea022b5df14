/** F6 and Shift+F6 go round the panes (elements with `data-pane`), as in other three-pane programs. */

import { useEffect } from "react";

export function usePanes(): void {
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (event.key !== "F6") return;
      const panes = [...document.querySelectorAll<HTMLElement>("[data-pane]")].filter(
        (pane) => pane.offsetParent !== null,
      );
      if (panes.length === 0) return;
      event.preventDefault();
      const at = panes.findIndex((pane) => pane.contains(document.activeElement));
      const next = panes[(at + (event.shiftKey ? -1 : 1) + panes.length) % panes.length]!;
      const target = next.querySelector<HTMLElement>(
        "[tabindex='0'], button:not([disabled]), input:not([disabled]), textarea, a[href]",
      );
      (target ?? next).focus();
    };
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, []);
}
