/** The window's end of a port: one frozen function per contract entry, no `Proxy`. Spec: docs/spec/10-contract.md §2 */

import { api, type Client, type EventData, type EventName, events, type Method } from "./contract.ts";
import { CallError, event, type Port, reply } from "./port.ts";

export interface Connection {
  readonly client: Client;
  /** Calls `listener` for every event of that name; the function that comes back ends it. */
  on<E extends EventName>(name: E, listener: (data: EventData<E>) => void): () => void;
  onClose(listener: () => void): void;
  close(): void;
}

/** Calls that are still open when the port closes fail with REFUSED. Answers that break the contract fail with INTERNAL. */
export function connect(port: Port): Connection {
  const open = new Map<number, { method: Method; resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const listeners = new Map<string, Set<(data: unknown) => void>>();
  const closeListeners = new Set<() => void>();
  let nextId = 0;
  let closed = false;

  port.onMessage((json) => {
    const message = parse(json);
    const answer = reply.safeParse(message);
    if (answer.success) return settle(answer.data);
    const news = event.safeParse(message);
    if (news.success) announce(news.data.event, news.data.data);
  });
  port.onClose(() => {
    closed = true;
    for (const call of open.values()) call.reject(new CallError("REFUSED"));
    open.clear();
    for (const listener of closeListeners) listener();
  });

  function settle(answer: ReturnType<typeof reply.parse>): void {
    const call = open.get(answer.id);
    if (call === undefined) return;
    open.delete(answer.id);
    if ("error" in answer) return call.reject(new CallError(answer.error.code));
    const value = api[call.method].output.safeParse(answer.value);
    if (value.success) call.resolve(value.data);
    else call.reject(new CallError("INTERNAL"));
  }

  function announce(name: string, data: unknown): void {
    if (!Object.hasOwn(events, name)) return;
    const parsed = events[name as EventName].safeParse(data);
    if (!parsed.success) return;
    for (const listener of listeners.get(name) ?? []) listener(parsed.data);
  }

  function call(method: Method, input: unknown): Promise<unknown> {
    if (closed) return Promise.reject(new CallError("REFUSED"));
    const id = nextId++;
    return new Promise((resolve, reject) => {
      open.set(id, { method, resolve, reject });
      port.send(JSON.stringify({ id, method, input }));
    });
  }

  const methods = Object.keys(api) as Method[];
  const client = Object.fromEntries(methods.map((method) => [method, (input: unknown) => call(method, input)]));
  return {
    client: Object.freeze(client) as unknown as Client,
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set.add(listener as (data: unknown) => void));
      return () => void set.delete(listener as (data: unknown) => void);
    },
    onClose: (listener) => void closeListeners.add(listener),
    close: () => port.close(),
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
