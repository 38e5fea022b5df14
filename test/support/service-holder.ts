/** A process that begins a service of the operator's own and says its process's number; somebody kills it. */

import { fileURLToPath } from "node:url";
import { OperatorService } from "#provider-server/services/operator-service.ts";
import { utf8 } from "#transport/core/bytes.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { keptLog } from "./kept-log.ts";

const module = fileURLToPath(new URL("./broken-service.ts", import.meta.url));
const clock = new SystemClock();
const service = await OperatorService.start({ name: "own", module, options: {}, clock, log: keptLog(clock).log });
process.send?.(Number(new TextDecoder().decode(await service.answer(utf8("pid")))));
