/** Times, durations and sizes as people say them. Pure: "now" comes in. */

import type { Texts } from "./en.ts";

export interface Format {
  /** For a list: the clock today, "yesterday", else the day. */
  short(at: number, now: number): string;
  /** For a sentence: "14:10", "yesterday 14:10", "12 Nov, 14:10". */
  long(at: number, now: number): string;
  /** "23 Nov 2026, 14:10": for what is read on other days. */
  dated(at: number): string;
  /** "today", "yesterday", else the day. */
  day(at: number, now: number): string;
  /** "14:10" */
  clock(at: number): string;
  /** "about 2 min", never more exact than it is known. */
  duration(seconds: number): string;
  /** "in about 2 min", or that it may be any moment. */
  until(at: number, now: number): string;
  bytes(bytes: number): string;
  number(value: number): string;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

export function createFormat(texts: Texts): Format {
  const { locale, time } = texts;
  const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
  const year = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const sizes = UNITS.map(
    // "39 bytes", but "3.2 MB": the short form of a byte has no plural.
    (unit) =>
      new Intl.NumberFormat(locale, {
        style: "unit",
        unit,
        unitDisplay: unit === "byte" ? "long" : "short",
        maximumSignificantDigits: 3,
      }),
  );

  const dayOf = (at: number, now: number): string =>
    (new Date(at).getFullYear() === new Date(now).getFullYear() ? day : year).format(at);

  function duration(seconds: number): string {
    if (seconds <= 5) return time.fewSeconds;
    // Of mails that were expected in 7 to 9 s some took 13: nobody is told less than this.
    if (seconds < 10) return time.seconds(10);
    if (seconds < 55) return time.seconds(Math.round(seconds / 5) * 5);
    if (seconds < 10 * MINUTE) return time.minutes(Math.max(1, Math.round(seconds / MINUTE)));
    if (seconds < HOUR - 150) return time.minutes(Math.round(seconds / MINUTE / 5) * 5);
    if (seconds >= 2 * DAY) return time.days(Math.round(seconds / DAY));
    const tenMinutes = Math.round(seconds / (10 * MINUTE));
    return time.hours(Math.floor(tenMinutes / 6), (tenMinutes % 6) * 10);
  }

  return {
    dated: (at) => time.at(year.format(at), clock.format(at)),
    short(at, now) {
      const days = calendarDaysBetween(at, now);
      return days === 0 ? clock.format(at) : days === 1 ? time.yesterday("").trim() : dayOf(at, now);
    },
    long(at, now) {
      if (Math.abs(now - at) < 20_000) return time.now;
      const days = calendarDaysBetween(at, now);
      if (days === 0) return time.today(clock.format(at));
      return days === 1 ? time.yesterday(clock.format(at)) : time.at(dayOf(at, now), clock.format(at));
    },
    day(at, now) {
      const days = calendarDaysBetween(at, now);
      return days <= 0 ? time.dayToday : days === 1 ? time.dayYesterday : dayOf(at, now);
    },
    clock: (at) => clock.format(at),
    duration,
    until: (at, now) => (at - now < 3_000 ? time.anyMoment : time.in(duration((at - now) / 1_000))),
    bytes(bytes) {
      const power = bytes < 1_000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
      return sizes[power]!.format(bytes / 1_000 ** power);
    },
    number: (value) => number.format(value),
  };
}

function calendarDaysBetween(at: number, now: number): number {
  return Math.round((midnight(now) - midnight(at)) / (DAY * 1_000));
}

const midnight = (time: number): number => new Date(time).setHours(0, 0, 0, 0);
