/** The desktop under test: the browser host's program as `npm start` runs it, without a window, and a way to ask. */

import { compose } from "#main/host/compose.ts";
import { startLoopbackHost } from "#main/host/loopback.ts";
import { SystemRandom } from "#transport";
import { answer } from "../mix/ask.ts";

const program = compose({ dataDir: process.argv[2] as string, report: (error) => console.error(error) });
const host = await startLoopbackHost({
  web: program.web,
  random: new SystemRandom(),
  serve: (port) => program.services.serve(port),
  opened: () => undefined,
});
const { handlers } = program.services;

answer(
  {
    create: handlers["app.create"],
    unlock: handlers["app.unlock"],
    async state() {
      const { state } = await handlers["network.state"]({});
      return state;
    },
    async stop() {
      await host.close();
      await program.close();
    },
  },
  process.pid,
);
