/** Which names a provider gives out, and when two names are one. Spec: docs/spec/07-mailbox.md §2.3 */

import { LOCAL_PART_BYTES_MAX } from "#transport/link/control-limits.ts";

/** The one spelling of a name: lower case; ASCII letters, digits and single `.`, `_`, `-` between them. Undefined for anything else. */
export function canonicalLocalPart(text: string): string | undefined {
  // Checked before the case is changed: the Kelvin sign, for one, has the letter k as its lower case.
  if (text.length > LOCAL_PART_BYTES_MAX || !LOCAL_PART.test(text)) return undefined;
  return text.toLowerCase();
}

/** What names that a reader takes for one another share: `a.lice` is not given to anybody but `alice`. */
export const skeletonOf = (canonical: string): string => canonical.replaceAll(/[._-]/g, "");

/** Names that mail systems and people take for the operator's own (RFC 2142), with the operator's additions. */
export function isReserved(canonical: string, additional: readonly string[] = []): boolean {
  const skeleton = skeletonOf(canonical);
  return RESERVED.has(skeleton) || additional.some((name) => skeletonOf(name.toLowerCase()) === skeleton);
}

const LOCAL_PART = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;

const RESERVED: ReadonlySet<string> = new Set(
  [
    // RFC 2142
    "abuse ftp hostmaster info listrequest marketing news noc postmaster sales security support usenet uucp webmaster www",
    // Mail software's own
    "bounce bounces daemon devnull donotreply mail mailer mailerdaemon noreply nobody",
    // Whom certificate authorities and people believe
    "admin administrator billing contact help helpdesk legal office root ssladmin ssladministrator sslwebmaster",
    "staff starling sysadmin system team undisclosedrecipients",
  ].flatMap((names) => names.split(" ")),
);
