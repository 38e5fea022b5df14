/**
 * Ends the process when a decoder comes to no end: nothing in the decoder's own thread could. Another thread sees in shared memory
 * which case is under way, says so on the error output, with the line that reproduces it, and kills the process.
 */

import { Worker } from "node:worker_threads";
import { Board } from "./watch-board.ts";

let watch: { board: Board; thread: Worker } | undefined;

/** While `run` runs, each case that it writes on the board may take this long. */
export async function watched<T>(o: { seconds: number }, run: (board: Board) => Promise<T>): Promise<T> {
  watch ??= start();
  const { board, thread } = watch;
  board.allow(o.seconds);
  // A promise that nothing will ever keep must not look like the end of all work.
  thread.ref();
  try {
    return await run(board);
  } finally {
    board.end();
    thread.unref();
  }
}

function start(): { board: Board; thread: Worker } {
  const board = Board.create();
  const thread = new Worker(new URL("./watch-thread.ts", import.meta.url), { workerData: board.memory });
  return { board, thread };
}
