/**
 * When a client has a session: from the moment it has an account, until it stops or learns that its provider knows this
 * device no more. Spec: docs/spec/07-mailbox.md §2.4
 */

import { TransportError } from "../core/errors.ts";
import { ProfileSchedule } from "../traffic/profile-schedule.ts";
import type { Parameters } from "../core/parameters.ts";
import type { Account } from "./account.ts";
import type { ProviderLink } from "./provider-link.ts";
import type { Session, SessionDeps } from "./session.ts";

export interface ClientSessionsDeps {
  readonly parameters: Parameters;
  readonly account: Account;
  readonly link: Pick<ProviderLink, "start" | "stop">;
  readonly make: (o: Pick<SessionDeps, "opened" | "profiles">) => Session;
  readonly onRemoved: () => void;
}

export class ClientSessions {
  readonly #deps: ClientSessionsDeps;
  #profiles: ProfileSchedule;
  #current: Session | undefined;
  #isRemoved = false;
  /** The end of a session that was stopped because the device was removed. */
  #ending: Promise<void> = Promise.resolve();

  constructor(deps: ClientSessionsDeps) {
    this.#deps = deps;
    const choice = { profile: "mail", nextProfile: undefined } as const;
    this.#profiles = new ProfileSchedule({ parameters: deps.parameters, choice });
  }

  get current(): Session | undefined {
    return this.#current;
  }

  get profiles(): ProfileSchedule {
    return this.#profiles;
  }

  /** The provider knows this device no more. */
  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  /** Throws NO_ACCOUNT. */
  required(): Session {
    if (this.#current === undefined) throw new TransportError("NO_ACCOUNT");
    return this.#current;
  }

  /** Does nothing without an account, or when there is one already. */
  async open(): Promise<void> {
    const { parameters, account, make } = this.#deps;
    const { opened, stored } = account;
    if (opened === undefined || stored === undefined || this.#current !== undefined) return;
    this.#profiles = new ProfileSchedule({ parameters, choice: stored });
    const session = make({ opened, profiles: this.#profiles });
    this.#current = session;
    account.start((before) => session.inbox.prune(before));
    session.listChanged();
    try {
      await session.start();
    } catch (error) {
      // Half of what the store holds is not what there is to go on with.
      account.stop();
      if (this.#current === session) this.#current = undefined;
      await session.stop();
      throw error;
    }
  }

  /** What is here stays; nothing leaves any more. Not kept: a provider that has its accounts back from a backup is asked at the next start. */
  removed(): void {
    const session = this.#current;
    if (session === undefined) return;
    this.#isRemoved = true;
    this.#current = undefined;
    this.#deps.account.stop();
    this.#deps.link.stop();
    // What cannot be written at its end is asked for again as after any other.
    this.#ending = session.stop().catch(() => undefined);
    this.#deps.onRemoved();
  }

  /** A device that was removed has no link: it gets one back for as long as joining takes, and keeps it once it has joined. */
  async join<T>(enter: () => Promise<T>): Promise<T> {
    if (this.#current !== undefined) throw new TransportError("REFUSED");
    const { link } = this.#deps;
    const hasLink = !this.#isRemoved;
    await this.#ending;
    if (!hasLink) link.start();
    try {
      const joined = await enter();
      this.#isRemoved = false;
      await this.open();
      return joined;
    } catch (error) {
      if (!hasLink) link.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#current?.stop();
    this.#current = undefined;
    await this.#ending;
  }
}
