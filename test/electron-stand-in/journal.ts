/** What the app asked of the desktop, for tests to read, and the answers they prepared for its questions. */

export interface Entry {
  readonly kind: string;
  readonly [detail: string]: unknown;
}

const entries: Entry[] = [];
const answers = new Map<string, unknown[]>();

export function record(kind: string, details: Readonly<Record<string, unknown>> = {}): void {
  entries.push({ kind, ...details });
}

/** The next prepared answer to a dialog of this kind, or what a user who closes it would give. */
export function answerTo<T>(dialog: string, otherwise: T): T {
  return (answers.get(dialog)?.shift() as T | undefined) ?? otherwise;
}

/** Reached from tests as `globalThis.standIn` within `electronApp.evaluate`. */
export const standIn = {
  entries,
  prepare(dialog: string, answer: unknown): void {
    answers.set(dialog, [...(answers.get(dialog) ?? []), answer]);
  },
};
Object.assign(globalThis, { standIn });
