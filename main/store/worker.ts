/** The thread that owns the database: one request after the other, each one transaction. */

import { parentPort, workerData } from "node:worker_threads";
import { MainError } from "../error.ts";
import { serveThread, type ThreadWork } from "../thread/serve-thread.ts";
import { Database } from "./database.ts";
import { type OperationName, operations } from "./operations.ts";
import { RowCipher } from "./row-cipher.ts";

/** What the thread is started with. The keys are copies that live and die with it. */
export interface WorkerStart {
  readonly path: string;
  readonly pageKey: Uint8Array;
  readonly rowKey: Uint8Array;
  /** The file was not closed cleanly: look at every page before trusting it. */
  readonly check: boolean;
}

if (parentPort !== null) serveThread(parentPort, storeWork(workerData as WorkerStart));

function storeWork(start: WorkerStart): ThreadWork {
  let database: Database | undefined;
  const opened = (): Database => {
    if (database === undefined) throw new Error("the database is not open");
    return database;
  };
  return {
    open() {
      const cipher = new RowCipher(new Uint8Array(start.rowKey));
      database = new Database({ path: start.path, key: new Uint8Array(start.pageKey), cipher });
      if (start.check && !database.isSound()) throw new MainError("STORE_DAMAGED", { detail: "pages do not fit" });
    },
    call(name, input) {
      const db = opened();
      const operation = operations[name as OperationName] as (db: Database, ...input: readonly unknown[]) => unknown;
      return db.transaction(() => operation(db, ...input));
    },
    close() {
      const db = opened();
      database = undefined;
      db.close();
    },
  };
}
