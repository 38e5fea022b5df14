/** The mail thread: MailTasks behind a port. */

import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { serveThread } from "../thread/serve-thread.ts";
import { NICENESS } from "./limits.ts";
import { MailTasks } from "./tasks.ts";

if (parentPort !== null) {
  const tasks = new MailTasks();
  serveThread(parentPort, {
    open() {
      // 0 is the calling thread; elsewhere it would be the whole program, whose clocks must not step back.
      if (process.platform === "linux") setPriority(0, NICENESS);
    },
    call: (name, [input]) => (tasks[name as TaskName] as (input: unknown) => unknown).call(tasks, input),
    close: () => tasks.lock(),
  });
}

export type TaskName = Exclude<keyof MailTasks, "lock">;
