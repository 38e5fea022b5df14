/** Everything the store does, by name. Each entry is one transaction in the worker. */

import { attachmentOperations } from "./attachment-operations.ts";
import { contactOperations } from "./contact-operations.ts";
import type { Database } from "./database.ts";
import { deliveryOperations } from "./delivery-operations.ts";
import { draftOperations } from "./draft-operations.ts";
import { mailOperations } from "./mail-operations.ts";
import { transportOperations } from "./transport-operations.ts";

export const operations = {
  ...transportOperations,
  ...mailOperations,
  ...attachmentOperations,
  ...draftOperations,
  ...contactOperations,
  ...deliveryOperations,
  /** For tests of a full disk. */
  limitPages: (db: Database, pages: number): void => db.limitPages(pages),
} as const;

type Operations = typeof operations;
export type OperationName = keyof Operations;
type Rest<T> = T extends (db: Database, ...rest: infer A) => unknown ? A : never;

/** The same operations from outside the worker. */
export type AsyncOperations = {
  readonly [N in OperationName]: (...rest: Rest<Operations[N]>) => Promise<ReturnType<Operations[N]>>;
};
