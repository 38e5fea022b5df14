/** Answers the contract's methods on one port. Knows nothing of Electron, sockets or windows. Spec: docs/spec/10-contract.md §2 */

import { api, type EventData, type EventName, type Handlers, type Method } from "#main/contract/contract.ts";
import { MESSAGE_CHARACTERS_MAX, type Port, type Reply, request } from "#main/contract/port.ts";
import { toMainError } from "../error.ts";
import { OPEN_CALLS_MAX } from "./limits.ts";

/** Sends one event to the window on the other end. */
export type Announce = <E extends EventName>(name: E, data: EventData<E>) => void;

/** Whoever breaks the envelope is not our renderer: the port closes. `report` hears of bugs (INTERNAL), never of input. */
export function serve(port: Port, handlers: Handlers, report: (error: unknown) => void = () => {}): Announce {
  let openCalls = 0;
  let closed = false;
  port.onClose(() => {
    closed = true;
  });

  port.onMessage((json) => {
    const parsed = request.safeParse(json.length > MESSAGE_CHARACTERS_MAX ? undefined : parse(json));
    if (!parsed.success || openCalls >= OPEN_CALLS_MAX) return port.close();
    openCalls++;
    void answer(parsed.data.id, parsed.data.method, parsed.data.input).then((reply) => {
      openCalls--;
      if (!closed) port.send(JSON.stringify(reply));
    });
  });

  async function answer(id: number, method: string, input: unknown): Promise<Reply> {
    // `constructor` and its kin are inherited, so never the contract's own.
    if (!Object.hasOwn(api, method)) return { id, error: { code: "UNKNOWN_METHOD" } };
    const name = method as Method;
    const parsed = api[name].input.safeParse(input);
    if (!parsed.success) return { id, error: { code: "BAD_INPUT" } };
    try {
      return { id, value: await handlers[name](parsed.data as never) };
    } catch (error) {
      // A code of the transport may bear a name of the contract's and mean something else.
      const { code } = toMainError(error);
      if (code === "INTERNAL") report(error);
      return { id, error: { code } }; // a code crosses the boundary; messages and stacks stay here
    }
  }

  return (name, data) => {
    if (!closed) port.send(JSON.stringify({ event: name, data }));
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
