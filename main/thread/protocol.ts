/** What crosses between the program and a thread of its own. */

export interface ThreadRequest {
  readonly id: number;
  readonly name: string;
  readonly input: readonly unknown[];
}

/** `code`: of MainError or INTERNAL. `detail` names no person and no secret. */
export type ThreadReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: string; readonly detail: string };

/** The reply to opening has this id. */
export const OPENED = -1;
/** The request that ends the thread. */
export const CLOSE = "close";
