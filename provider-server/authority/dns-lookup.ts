/** TXT records from the resolvers that the authority's operator trusts. The one place that speaks DNS. Spec: docs/spec/08-directory.md §5.1 */

import { Resolver } from "node:dns/promises";
import type { Clock } from "#transport/core/clock.ts";
import { milliseconds } from "#transport/core/units.ts";
import { DNS_TIME_MAX, DNS_TRIES, DNS_TRY_TIME } from "./limits.ts";
import type { TxtAnswer } from "./domain-record.ts";

/** Asks for TXT records; never rejects. */
export type TxtLookup = (name: string) => Promise<TxtAnswer>;

/** `servers`: IP address and port of each, asked in this order. Throws for one that is no address. */
export function dnsLookup(o: { servers: readonly string[]; clock: Clock }): TxtLookup {
  const { servers, clock } = o;
  newResolver(servers);
  return (name) =>
    new Promise((resolve) => {
      // One for each question: cancelling one must not cancel the others.
      const resolver = newResolver(servers);
      const cancel = clock.at(milliseconds(clock.now() + DNS_TIME_MAX), () => {
        // Cancelling alone would not do: a question that is between two tries may then never end.
        resolve({ kind: "failed", reason: "no answer in time" });
        resolver.cancel();
      });
      void ask(resolver, name).then((answer) => {
        cancel();
        resolve(answer);
      });
    });
}

async function ask(resolver: Resolver, name: string): Promise<TxtAnswer> {
  try {
    const records = await resolver.resolveTxt(name);
    // A record's strings are joined without a sign between them (RFC 7208 §3.3 does the same).
    return { kind: "records", records: records.map((strings) => strings.join("")) };
  } catch (error) {
    return failureOf((error as NodeJS.ErrnoException).code);
  }
}

function newResolver(servers: readonly string[]): Resolver {
  const resolver = new Resolver({ timeout: DNS_TRY_TIME, tries: DNS_TRIES });
  resolver.setServers(servers);
  return resolver;
}

function failureOf(code: string | undefined): TxtAnswer {
  switch (code) {
    case "ENOTFOUND":
    case "ENODATA":
      return { kind: "none" };
    case "ETIMEOUT":
    case "ECANCELLED":
      return { kind: "failed", reason: "no answer in time" };
    default:
      return { kind: "failed", reason: "the resolver failed" };
  }
}
