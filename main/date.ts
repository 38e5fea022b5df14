/** Points in time as mail and OpenPGP write them. Conversions only: what time it is comes from the Clock. */

// oxlint-disable-next-line no-restricted-globals -- the constructor with an argument reads no clock
export const dateAt = (time: number): Date => new Date(time);

/** RFC 5322 or ISO 8601 to milliseconds since the Unix epoch; undefined when it is neither, or lies before 1970. */
export function timeOf(text: string | undefined): number | undefined {
  // oxlint-disable-next-line no-restricted-globals -- parsing reads no clock
  const time = Date.parse(text ?? "");
  return Number.isFinite(time) && time >= 0 ? time : undefined;
}

/** Whether `value` is a date, as OpenPGP.js gives them, and no `Infinity`. */
export function isDate(value: unknown): value is Date {
  // oxlint-disable-next-line no-restricted-globals -- comparing reads no clock
  return value instanceof Date;
}
