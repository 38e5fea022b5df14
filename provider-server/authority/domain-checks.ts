/**
 * Which providers' domains this authority has seen confirmed in the DNS: asked when a provider first publishes, again every
 * hour, and remembered on disk for the time when there is no answer. Spec: docs/spec/08-directory.md §5.1
 */

import { Reader, toHex, Writer } from "#transport/core/bytes.ts";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { TransportError } from "#transport/core/errors.ts";
import { type RandomSource, uniform } from "#transport/core/random.ts";
import { type Milliseconds, milliseconds, type NodeId, nodeId } from "#transport/core/units.ts";
import { DOMAIN_BYTES_MAX } from "#transport/directory/limits.ts";
import type { Log } from "../observe/log.ts";
import type { AuthorityStore } from "./authority-store.ts";
import type { TxtLookup } from "./dns-lookup.ts";
import { type DomainVerdict, recordNameOf, verdictOf } from "./domain-record.ts";
import {
  DOMAIN_CHECK_INTERVAL,
  DOMAIN_JITTER,
  DOMAIN_KEPT_WITHOUT_ANSWER,
  DOMAIN_KEPT_WITHOUT_RECORD,
  DOMAIN_LOOKUPS_MAX,
  DOMAIN_RETRY_INTERVAL,
} from "./limits.ts";
import type { DomainReason } from "./reasons.ts";

export interface DomainChecksDependencies {
  readonly lookup: TxtLookup;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly store: AuthorityStore;
  readonly log: Log;
}

/** There was no answer yet: neither let in nor refused. */
export const BEING_LOOKED_UP: DomainReason = "the domain is being looked up";

export class DomainChecks {
  readonly #deps: DomainChecksDependencies;
  /** By hexadecimal node id. */
  readonly #watched = new Map<string, Watched>();
  readonly #waiting: Watched[] = [];
  readonly #pending = new Set<Cancel>();
  #underWay = 0;
  #isStopped = false;

  constructor(deps: DomainChecksDependencies) {
    this.#deps = deps;
    for (const bytes of deps.store.domains()) this.#restore(bytes);
  }

  /** A provider says that it serves the domain: from now on it is asked about. */
  watch(node: NodeId, domain: string): void {
    const id = toHex(node);
    const known = this.#watched.get(id);
    if (known?.domain === domain && known.isAsked) return;
    const watched: Watched =
      known?.domain === domain ? known : { node, domain, confirmedAt: undefined, isAsked: false };
    watched.isAsked = true;
    this.#watched.set(id, watched);
    this.#ask(watched);
  }

  /** Why the provider is not let in under the domain at `now`, if it is not. "being looked up" until the first answer. */
  refusal(node: NodeId, domain: string): DomainReason | undefined {
    const watched = this.#watched.get(toHex(node));
    if (watched?.domain !== domain) return BEING_LOOKED_UP;
    const { verdict, confirmedAt } = watched;
    if (verdict?.kind === "confirmed") return undefined;
    const age = confirmedAt === undefined ? Number.POSITIVE_INFINITY : this.#deps.clock.now() - confirmedAt;
    switch (verdict?.kind) {
      case "another node":
        return "the domain's record names another node";
      case "absent":
        return age < DOMAIN_KEPT_WITHOUT_RECORD ? undefined : "the domain has no record for a node";
      case "failed":
        return age < DOMAIN_KEPT_WITHOUT_ANSWER ? undefined : `the domain cannot be checked: ${verdict.reason}`;
      default:
        // After a restart, until the first answer.
        return age < DOMAIN_KEPT_WITHOUT_ANSWER ? undefined : BEING_LOOKED_UP;
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
  }

  #ask(watched: Watched): void {
    this.#waiting.push(watched);
    void this.#next();
  }

  async #next(): Promise<void> {
    if (this.#underWay >= DOMAIN_LOOKUPS_MAX || this.#isStopped) return;
    let watched = this.#waiting.shift();
    // A provider that names another domain all the time must not make us ask for each.
    while (watched !== undefined && !this.#isCurrent(watched)) watched = this.#waiting.shift();
    if (watched === undefined) return;
    this.#underWay++;
    const verdict = await this.#lookUp(watched);
    this.#underWay--;
    if (this.#isStopped) return;
    this.#conclude(watched, verdict);
    void this.#next();
  }

  async #lookUp({ node, domain }: Watched): Promise<DomainVerdict> {
    const name = recordNameOf(domain);
    if (name === undefined) return { kind: "failed", reason: "the name is too long for a record" };
    return verdictOf(await this.#deps.lookup(name), node);
  }

  #conclude(watched: Watched, verdict: DomainVerdict): void {
    // The provider has named another domain in the meantime: that one is asked about by itself.
    if (!this.#isCurrent(watched)) return;
    const before = this.refusal(watched.node, watched.domain);
    const isNews = watched.verdict?.kind !== verdict.kind;
    watched.verdict = verdict;
    if (verdict.kind === "confirmed") this.#remember(watched);
    if (verdict.kind === "another node") this.#forget(watched);
    const after = this.refusal(watched.node, watched.domain);
    this.#report(watched, { before, after, isNews });
    const wait = verdict.kind === "confirmed" ? DOMAIN_CHECK_INTERVAL : DOMAIN_RETRY_INTERVAL;
    const { clock, random } = this.#deps;
    const share = 1 + DOMAIN_JITTER * (2 * uniform(random) - 1);
    this.#at(milliseconds(clock.now() + wait * share), () => {
      if (this.#isCurrent(watched)) this.#ask(watched);
    });
  }

  #isCurrent(watched: Watched): boolean {
    return this.#watched.get(toHex(watched.node)) === watched;
  }

  #report(watched: Watched, o: { before: string | undefined; after: string | undefined; isNews: boolean }): void {
    const { log } = this.#deps;
    const who = toHex(watched.node).slice(0, NODE_ID_DIGITS_LOGGED);
    if (o.after !== undefined && (o.isNews || o.after !== o.before)) {
      log.event(`a provider's domain is not confirmed: ${who} ${o.after}`);
    } else if (o.after === undefined && watched.verdict?.kind === "confirmed" && o.isNews) {
      log.event(`a provider's domain is confirmed: ${who}`);
    } else if (o.isNews) log.event(`a provider's domain is no longer confirmed and kept for a while: ${who}`);
  }

  /** On disk first: an authority that restarts while DNS is down must not drop providers. */
  #remember(watched: Watched): void {
    watched.confirmedAt = this.#deps.clock.now();
    this.#onDisk((store) => store.putDomain(toHex(watched.node), encode(watched)));
  }

  #forget(watched: Watched): void {
    watched.confirmedAt = undefined;
    this.#onDisk((store) => store.removeDomain(toHex(watched.node)));
  }

  /** A disk that refuses costs what the next run would know: the domain counts in this one, and is asked again. */
  #onDisk(work: (store: AuthorityStore) => void): void {
    const { store, log } = this.#deps;
    try {
      work(store);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "failed";
      log.event(`the disk did not take what is known of a provider's domain: ${code}`);
    }
  }

  #restore(bytes: Uint8Array): void {
    const watched = decode(bytes);
    if (watched === undefined) this.#deps.log.event("dropped a stored domain that is not one");
    else this.#watched.set(toHex(watched.node), watched);
  }

  #at(time: Milliseconds, task: () => void): void {
    const cancel = this.#deps.clock.at(time, () => {
      this.#pending.delete(cancel);
      task();
    });
    this.#pending.add(cancel);
  }
}

interface Watched {
  readonly node: NodeId;
  readonly domain: string;
  /** When an answer last named the node. */
  confirmedAt: Milliseconds | undefined;
  /** The last answer of this run of the program. */
  verdict?: DomainVerdict;
  isAsked: boolean;
}

/** Enough to tell nodes apart; the consensus makes the whole id public. */
const NODE_ID_DIGITS_LOGGED = 16;
const VERSION = 1;

/** version u8 ‖ node id 32 ‖ confirmed at u64 ‖ domain text16 */
function encode({ node, confirmedAt, domain }: Watched): Uint8Array {
  return new Writer()
    .u8(VERSION)
    .raw(node)
    .u64(Math.floor(confirmedAt ?? 0))
    .text16(domain)
    .finish();
}

function decode(bytes: Uint8Array): Watched | undefined {
  try {
    const reader = new Reader(bytes);
    const version = reader.u8();
    const node = nodeId(reader.take(32));
    const confirmedAt = milliseconds(reader.u64());
    const domain = reader.text16(DOMAIN_BYTES_MAX);
    reader.end();
    return version === VERSION ? { node, domain, confirmedAt, isAsked: false } : undefined;
  } catch (error) {
    if (error instanceof TransportError) return undefined;
    throw error;
  }
}
