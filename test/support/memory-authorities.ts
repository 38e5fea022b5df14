/**
 * Authorities in one process under a virtual clock: their messages take time and can be lost, held back or changed, each
 * authority can be killed and started again with what it had on disk.
 */

import type { Clock } from "#transport/core/clock.ts";
import { type Epoch, epochNumber, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { verifyConsensus } from "#transport/directory/consensus.ts";
import { keyPeriodsAnnounced } from "#transport/directory/epochs.ts";
import type { Consensus, Network } from "#transport/directory/model.ts";
import type { Frame } from "#transport/link/frame.ts";
import { Admission, type AdmittedNode } from "#provider-server/authority/admission.ts";
import type { Sender } from "#provider-server/authority/allowances.ts";
import { Authority } from "#provider-server/authority/authority.ts";
import type { AuthorityStore } from "#provider-server/authority/authority-store.ts";
import type { TxtLookup } from "#provider-server/authority/dns-lookup.ts";
import { DomainChecks } from "#provider-server/authority/domain-checks.ts";
import type { Peers } from "#provider-server/authority/messages.ts";
import type { Gauges } from "#provider-server/observe/figures.ts";
import { Log } from "#provider-server/observe/log.ts";
import { Metrics } from "#provider-server/observe/metrics.ts";
import { SeededRandom } from "./seeded-random.ts";
import { testDescriptor, type TestNetwork } from "./test-network.ts";

/** What happens to a message between two authorities; undefined loses it. Of one that is not `answered` the sender hears nothing. */
export type Meddle = (message: {
  from: number;
  to: number;
  frame: Frame;
}) => { frame: Frame; delay: number; answered?: false } | undefined;

export class MemoryAuthorities {
  readonly logs: string[][] = [];
  readonly stores: MemoryAuthorityStore[] = [];
  /** Of the last start of each; a test starts and stops them. */
  readonly metrics: Metrics[] = [];
  readonly #test: TestNetwork;
  readonly #suite: Suite;
  readonly #clock: Clock;
  readonly #admitted: readonly AdmittedNode[];
  readonly #lookups: readonly TxtLookup[] | undefined;
  readonly #listBytesMax: number | undefined;
  readonly #running: (Authority | undefined)[] = [];
  readonly #checks: (DomainChecks | undefined)[] = [];
  meddle: Meddle = ({ frame }) => ({ frame, delay: 5 });

  /** `lookups`: what each authority's DNS says; without them no domain is checked. */
  constructor(o: {
    test: TestNetwork;
    suite: Suite;
    clock: Clock;
    admitted: readonly AdmittedNode[];
    lookups?: readonly TxtLookup[];
    listBytesMax?: number;
  }) {
    this.#listBytesMax = o.listBytesMax;
    this.#lookups = o.lookups;
    this.#test = o.test;
    this.#suite = o.suite;
    this.#clock = o.clock;
    this.#admitted = o.admitted;
    for (const _ of o.test.network.authorities) {
      this.logs.push([]);
      this.stores.push(new MemoryAuthorityStore());
    }
  }

  get network(): Network {
    return this.#test.network;
  }

  /** With its disk as it is. */
  start(self: number): void {
    const metrics = new Metrics({ clock: this.#clock, role: "authority" });
    this.metrics[self] = metrics;
    const log = new Log({ clock: this.#clock, sink: (line) => this.logs[self]?.push(line) });
    const store = this.stores[self] as MemoryAuthorityStore;
    const lookup = this.#lookups?.[self];
    const random = new SeededRandom(`authority ${self}`);
    const checks =
      lookup === undefined ? undefined : new DomainChecks({ lookup, clock: this.#clock, random, store, log });
    this.#checks[self] = checks;
    const authority = new Authority({
      network: this.#test.network,
      self,
      identitySeed: this.#test.identitySeeds[self] as Uint8Array,
      suite: this.#suite,
      clock: this.#clock,
      store,
      admission: new Admission(this.#admitted, checks),
      peers: this.#peers(self),
      log,
      metrics,
      listBytesMax: this.#listBytesMax,
    });
    this.#running[self] = authority;
    authority.start();
  }

  startAll(): void {
    for (const self of this.#test.network.authorities.keys()) this.start(self);
  }

  gauges(self: number): Gauges {
    return this.#running[self]?.gauges ?? {};
  }

  /** As kill -9 does. */
  kill(self: number): void {
    this.#running[self]?.stop();
    this.#checks[self]?.stop();
    this.#running[self] = undefined;
  }

  /** As from a node, or from another authority; throws when the authority is down. */
  ask(to: number, frame: Frame, from: Sender = "anyone"): Frame {
    const authority = this.#running[to];
    if (authority === undefined) throw new Error("down");
    return authority.handle(frame, from);
  }

  publish(descriptor: Uint8Array): void {
    for (const [to, authority] of this.#running.entries()) {
      if (authority !== undefined) this.ask(to, { type: "publishDescriptor", descriptor });
    }
  }

  consensus(at: number, epoch: Epoch | "current"): Consensus | undefined {
    const answer = this.ask(at, { type: "fetchConsensus", epoch });
    if (answer.type !== "consensus" || answer.bytes.length === 0) return undefined;
    return verifyConsensus(this.#test.network, answer.bytes, this.#suite);
  }

  #peers(from: number): Peers {
    return {
      ask: async (to, frame) => {
        const changed = this.meddle({ from, to, frame });
        if (changed === undefined) return new Promise(() => undefined);
        await this.#wait(milliseconds(changed.delay));
        const answer = this.ask(to, changed.frame, from);
        if (changed.answered === false) throw new Error("no answer");
        return answer;
      },
      fetch: async (to, epoch) => {
        const changed = this.meddle({ from, to, frame: { type: "fetchConsensus", epoch } });
        if (changed === undefined) return new Promise(() => undefined);
        await this.#wait(milliseconds(changed.delay));
        return this.consensus(to, epoch);
      },
    };
  }

  #wait(duration: Milliseconds): Promise<void> {
    return new Promise((resolve) => this.#clock.at(milliseconds(this.#clock.now() + duration), resolve));
  }
}

/** As nodes do at the start and in every epoch again: those whose names are one letter are providers. */
export function publishNodes(
  authorities: MemoryAuthorities,
  o: { suite: Suite; clock: Clock; names: readonly string[]; epoch: number },
): void {
  const { suite, clock, names, epoch } = o;
  for (const name of names) {
    const role = name.length === 1 ? "provider" : "mix";
    const periods = keyPeriodsAnnounced(authorities.network, epochNumber(epoch));
    authorities.publish(testDescriptor(suite, { name, role, periods, publishedAt: clock.now() }).bytes);
  }
}

export class MemoryAuthorityStore implements AuthorityStore {
  readonly #files = new Map<string, Uint8Array>();

  descriptors(): Uint8Array[] {
    return this.#all("descriptor/");
  }
  putDescriptor(nodeIdHex: string, bytes: Uint8Array): void {
    this.#files.set(`descriptor/${nodeIdHex}`, bytes);
  }
  vote(epoch: Epoch): Uint8Array | undefined {
    return this.#files.get(`vote/${epoch}`);
  }
  putVote(epoch: Epoch, bytes: Uint8Array): void {
    this.#files.set(`vote/${epoch}`, bytes);
  }
  signed(epoch: Epoch): Uint8Array | undefined {
    return this.#files.get(`signed/${epoch}`);
  }
  putSigned(epoch: Epoch, hash: Uint8Array): void {
    this.#files.set(`signed/${epoch}`, hash);
  }
  consensuses(): Uint8Array[] {
    return this.#all("consensus/");
  }
  putConsensus(epoch: Epoch, bytes: Uint8Array): void {
    this.#files.set(`consensus/${epoch}`, bytes);
  }
  domains(): Uint8Array[] {
    return this.#all("domain/");
  }
  putDomain(nodeIdHex: string, bytes: Uint8Array): void {
    this.#files.set(`domain/${nodeIdHex}`, bytes);
  }
  removeDomain(nodeIdHex: string): void {
    this.#files.delete(`domain/${nodeIdHex}`);
  }
  forgetBefore(epoch: Epoch): void {
    for (const name of this.#files.keys()) {
      const [kind, number] = name.split("/");
      if ((kind === "vote" || kind === "consensus") && Number(number) < epoch) this.#files.delete(name);
    }
  }

  #all(prefix: string): Uint8Array[] {
    return [...this.#files].filter(([name]) => name.startsWith(prefix)).map(([, bytes]) => bytes);
  }
}
