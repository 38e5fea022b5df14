/**
 * The program without a window and without a host: everything is handed in, nothing is read from the machine but the files
 * in `dataDir`. Both hosts and the tests build it here. Spec: docs/architecture.md
 */

import { type Announce, serve } from "./rpc/serve.ts";
import { Accounts, type AccountsDependencies } from "./account/accounts.ts";
import type { EventData, EventName } from "./contract/contract.ts";
import type { Handlers } from "./contract/contract.ts";
import type { Port } from "./contract/port.ts";
import { Files } from "./files.ts";
import { createHandlers } from "./handlers.ts";
import { Coalescer } from "./rpc/coalesce.ts";

export interface ServicesDependencies extends Omit<AccountsDependencies, "announce"> {
  readonly version: string;
}

export interface Services {
  readonly handlers: Handlers;
  /** Bytes of attachments and mail files, which do not travel on the port. */
  readonly files: Files;
  readonly accounts: Accounts;
  /** Answers one window for as long as its port is open. */
  serve(port: Port): void;
  /** Locks and stops telling. */
  close(): Promise<void>;
}

export function createServices(d: ServicesDependencies): Services {
  const windows = new Set<Announce>();
  const announce = <E extends EventName>(name: E, data: EventData<E>): void => {
    for (const tell of windows) tell(name, data);
  };
  const events = new Coalescer({ clock: d.clock, announce });
  const accounts = new Accounts({
    ...d,
    announce: {
      mailChanged: (conversationId) => events.tell("mail.changed", { conversationId }),
      journeyChanged: (messageId) => events.tell("journey.changed", { messageId }),
      networkChanged: () => events.tell("network.changed", {}),
    },
  });
  const appChanged = (): void => events.tell("app.changed", {});
  const handlers = createHandlers({ accounts, clock: d.clock, random: d.random, version: d.version, appChanged });
  return {
    handlers,
    files: new Files({ accounts, clock: d.clock, random: d.random }),
    accounts,
    serve(port) {
      const tell = serve(port, handlers, d.report);
      windows.add(tell);
      port.onClose(() => windows.delete(tell));
    },
    async close() {
      await accounts.lock();
      events.close();
    },
  };
}
