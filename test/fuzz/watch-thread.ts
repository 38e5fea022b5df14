/** The thread that watches: it looks every half second whether the case under way is still the same. */

import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { faultText } from "./fault.ts";
import { Board } from "./watch-board.ts";

const LOOK_MILLISECONDS = 500;
const STANDARD_ERROR = 2;

const board = new Board(workerData as SharedArrayBuffer);
let seen: number | undefined;
let looks = 0;

setInterval(() => {
  const { turn } = board;
  looks = turn === seen ? looks + 1 : 0;
  seen = turn;
  // Looks are counted, not time: a machine that slept has not decoded.
  const milliseconds = looks * LOOK_MILLISECONDS;
  if (turn === undefined || milliseconds < board.seconds * 1_000) return;
  const { circumstances, number, input } = board;
  const reason = `${milliseconds} ms for one input, and no end`;
  // The streams of this thread end in the other, which does nothing any more.
  writeSync(STANDARD_ERROR, `${faultText({ circumstances, number, reason, input })}\n`);
  process.kill(process.pid, "SIGKILL");
}, LOOK_MILLISECONDS);
