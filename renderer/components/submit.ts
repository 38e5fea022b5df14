/** A form that the page's own code answers: the browser goes nowhere. */

import type { FormEvent } from "react";

export function submit(event: FormEvent, run: () => void): void {
  event.preventDefault();
  run();
}
