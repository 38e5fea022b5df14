import { openWindow, startTestHost } from "#test/support/loopback.ts";
import { memoryPorts } from "#main/rpc/memory-port.ts";
import { portCompliance } from "./port.ts";

portCompliance("memory", async () => {
  const [program, window] = memoryPorts();
  return { program, window, close: async () => window.close() };
});

portCompliance("loopback", async () => {
  const test = await startTestHost();
  const { port } = await openWindow(test, { token: test.token() });
  const [program] = test.served;
  if (program === undefined) throw new Error("the host opened no port");
  return { program, window: port, close: () => test.host.close() };
});
