/** Where the demo's nodes keep what a loss of power must take. It bears its owner's process id: a demo that was killed leaves it behind. */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Makes a new folder in `parent`, and removes those whose demo is gone. */
export function makeMemoryFolder(parent: string): string {
  for (const name of readdirSync(parent)) {
    const owner = NAME.exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // Another user's: that user's next demo removes it.
    }
  }
  return mkdtempSync(join(parent, `starling-demo-${process.pid}-`));
}

const NAME = /^starling-demo-([1-9][0-9]*)-/;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: there is one, and it is another user's.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
