/** A provider's boxes in a process that is killed (kill -9) at the moment it is told: `node box-child.ts DATABASE MOMENT`. */

import { alice, boxOf, boxScene, phone } from "./box-scene.ts";

export type Moment = "opened" | "arrived" | "stored" | "given" | "passed";

const [path = "", moment] = process.argv.slice(2);
const at = (reached: Moment): void => {
  if (reached === moment) process.kill(process.pid, "SIGKILL");
};

const { boxes, reader, deliver, take, commit } = boxScene({ path });
boxes.open(alice.secret);
at("opened");
deliver(boxOf(1), 1);
at("arrived");
// Its sender is told by `have`, later.
deliver(boxOf(1), 2, () => at("stored"));
await commit();
reader(phone);
take(reader(alice), 1);
at("given");
reader(alice, 1);
reader(phone, 1);
await commit();
at("passed");
throw new Error(`there is no moment ${moment}`);
