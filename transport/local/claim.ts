/**
 * A socket's path, for one process at a time: one that a killed process left is replaced, one behind which somebody listens never.
 * Spec: docs/spec/16-local-client.md §1
 */

import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { type Clock } from "../core/clock.ts";
import { milliseconds } from "../core/units.ts";
import { CLAIM_LOOK_MILLISECONDS, CLAIM_WAIT_MILLISECONDS } from "./limits.ts";

/** Resolves to false, and changes nothing, when another process listens there. Rejects with the system's error. */
export async function claim(server: Server, o: { path: string; clock: Clock }): Promise<boolean> {
  const { path, clock } = o;
  // Of two that find a dead socket at once, the second must not take away what the first has put in its place.
  const turn = `${path}.starting`;
  await takeTurn(turn, clock);
  try {
    if (await isLive(path)) return false;
    rmSync(path, { force: true });
    await listen(server, path);
    chmodSync(path, 0o600);
    return true;
  } finally {
    rmSync(turn, { recursive: true, force: true });
  }
}

/** A folder can be made once. One that stays belonged to a process that was killed in these milliseconds. */
async function takeTurn(turn: string, clock: Clock): Promise<void> {
  for (let waited = 0; ; waited += CLAIM_LOOK_MILLISECONDS) {
    try {
      return mkdirSync(turn, { mode: 0o700 });
    } catch (error) {
      if (codeOf(error) !== "EEXIST" || waited > 2 * CLAIM_WAIT_MILLISECONDS) throw error;
    }
    if (waited === CLAIM_WAIT_MILLISECONDS) rmSync(turn, { recursive: true, force: true });
    await new Promise<void>((resolve) => clock.at(milliseconds(clock.now() + CLAIM_LOOK_MILLISECONDS), resolve));
  }
}

/** A file that nobody listens behind refuses at once. Whatever else happens (a full queue), somebody may. */
function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", (error) => resolve(!["ENOENT", "ECONNREFUSED"].includes(codeOf(error) ?? "")));
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
