/** The thread that owns the database: one request after the other, each one transaction. */

import { parentPort, workerData } from "node:worker_threads";
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

export type WorkerRequest =
  | { readonly id: number; readonly name: OperationName; readonly rest: readonly unknown[] }
  | { readonly id: number; readonly name: "close" };

/** `code`: of MainError or INTERNAL; the worker's own texts name tables and columns, never contents. */
export type WorkerReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: string; readonly detail: string };

/** The reply to opening has this id. */
export const OPENED = -1;

if (parentPort !== null) run(parentPort, workerData as WorkerStart);

function run(port: NonNullable<typeof parentPort>, start: WorkerStart): void {
  let database: Database | undefined;
  const answer = (id: number, work: () => unknown): void => {
    try {
      port.postMessage({ id, value: work() } satisfies WorkerReply);
    } catch (error) {
      port.postMessage({ id, ...describe(error) } satisfies WorkerReply);
    }
  };

  answer(OPENED, () => {
    const cipher = new RowCipher(new Uint8Array(start.rowKey));
    database = new Database({ path: start.path, key: new Uint8Array(start.pageKey), cipher });
    if (start.check && !database.isSound())
      throw Object.assign(new Error("pages do not fit"), { code: "STORE_DAMAGED" });
  });

  port.on("message", (request: WorkerRequest) => {
    answer(request.id, () => {
      const db = database;
      if (db === undefined) throw new Error("the database is not open");
      if (request.name === "close") {
        database = undefined;
        return db.close();
      }
      const operation = operations[request.name] as (db: Database, ...rest: readonly unknown[]) => unknown;
      return db.transaction(() => operation(db, ...request.rest));
    });
    if (request.name === "close") port.close();
  });
}

function describe(error: unknown): { code: string; detail: string } {
  const code = error instanceof Error && "code" in error ? String(error.code) : "INTERNAL";
  return { code, detail: error instanceof Error ? error.message : "" };
}
