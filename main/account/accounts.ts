/** From nothing to an account, from locked to open and back. At most one account is open. */

import { decodeInvite, encodeInvite, type Invite, type Network, toHex, TransportError, wipe } from "#transport";
import { MainError, toMainError } from "../error.ts";
import type { KeyPair } from "../pgp/certificate.ts";
import type { Keyring } from "../store/key-file.ts";
import { createStore, discardStore, openStore, type Store, storeExists } from "../store/store.ts";
import { fittingName } from "./devices.ts";
import { joinWithCode } from "./joining.ts";
import { mailWorkBy, Session, type SessionDependencies } from "./session.ts";

export interface AccountsDependencies extends SessionDependencies {
  readonly dataDir: string;
  readonly keyring: Keyring;
  /** `live`: a packaged program carries no real mail in a network made for demonstrations. */
  readonly networks: "any" | "live";
}

interface Beginning {
  readonly store: Store;
  readonly invite: Invite;
  readonly network: Network;
}

export interface InviteSummary {
  readonly provider: string;
  readonly network: string;
  readonly kind: "demo" | "live";
}

export class Accounts {
  readonly #d: AccountsDependencies;
  readonly #networks = new Map<string, Network>();
  #session: Session | undefined;
  #store: Store | undefined;
  #opening: Promise<Store> | undefined;
  /** A device that tried to join, and may try again with the same code. */
  #joining: { readonly attempt: string; readonly seed: Uint8Array } | undefined;
  /** Creating, unlocking and locking never overlap. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(dependencies: AccountsDependencies) {
    this.#d = dependencies;
  }

  /** Throws LOCKED. */
  get session(): Session {
    if (this.#session === undefined) throw new MainError("LOCKED");
    return this.#session;
  }

  /** A store that is being made or opened. */
  get opening(): Promise<Store> | undefined {
    return this.#opening;
  }

  /** What was opened last, also while an account is still being made in it: a clock that is not the machine's waits for its thread. */
  get store(): Store | undefined {
    return this.#store;
  }

  async stage(): Promise<"new" | "locked" | "open"> {
    if (this.#session !== undefined) return "open";
    return (await storeExists(this.#d.dataDir)) ? "locked" : "new";
  }

  /** Throws BAD_INVITE, PROVIDER_DOWN, CONSENSUS_FORGED, REFUSED. */
  async readInvite(text: string): Promise<InviteSummary> {
    const invite = parseInvite(text);
    const network = await this.#networkOf(invite);
    return { provider: invite.domain, network: network.name, kind: network.kind };
  }

  /** Throws ACCOUNT_EXISTS, WEAK_PASSPHRASE, what `readInvite` throws, and what signing up throws; then nothing stays. */
  create(o: { invite: string; name: string; localPart: string; passphrase: string }): Promise<void> {
    return this.#begin(o, async ({ store, invite, network }) => {
      const { random, clock } = this.#d;
      const address = `${o.localPart.toLowerCase()}@${invite.domain}`;
      const keys = await newKeys(this.#d, { address, now: clock.now() });
      await store.saveMainAccount({
        address,
        name: o.name.trim(),
        invite: withoutSpaces(o.invite),
        network: network.bytes,
        deviceSeed: random.bytes(32),
        signedUp: false,
        device: { name: "", since: Math.floor(clock.now()) },
        ...keys,
      });
      wipe(keys.privateKey);
    });
  }

  /**
   * Throws ACCOUNT_EXISTS, WEAK_PASSPHRASE, what `readInvite` throws, and what joining throws; then nothing stays here. Asking
   * again with the same code is safe.
   */
  join(o: { invite: string; code: string; deviceName: string; passphrase: string }): Promise<void> {
    return this.#begin(o, async ({ store, invite, network }) => {
      const deviceSeed = this.#seedFor(`${withoutSpaces(o.invite)} ${withoutSpaces(o.code)}`);
      const deviceName = fittingName(o.deviceName);
      const inviteText = encodeInvite({ ...invite, code: "" });
      await joinWithCode(this.#d, { store, invite, inviteText, network, code: o.code, deviceName, deviceSeed });
      wipe(deviceSeed);
      this.#joining = undefined;
    });
  }

  /** A new store, filled, opened, and thrown away again when any of that fails. */
  #begin(o: { invite: string; passphrase: string }, fill: (made: Beginning) => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      const { dataDir, keyring, random } = this.#d;
      const invite = parseInvite(o.invite);
      if (await storeExists(dataDir)) throw new MainError("ACCOUNT_EXISTS");
      const network = await this.#networkOf(invite);
      const store = await this.#open(createStore({ dataDir, keyring, passphrase: o.passphrase, random }));
      let session: Session | undefined;
      try {
        await fill({ store, invite, network });
        session = await Session.start(this.#d, store);
        await session.signUp();
      } catch (error) {
        await (session ?? store).close();
        this.#store = undefined;
        await discardStore(dataDir);
        throw toMainError(error);
      }
      this.#session = session;
      session.resume();
    });
  }

  /** Throws NO_ACCOUNT, WRONG_PASSPHRASE, STORE_DAMAGED, DISK_FULL. */
  unlock(passphrase: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#session !== undefined) return;
      const { dataDir, keyring } = this.#d;
      const store = await this.#open(openStore({ dataDir, keyring, passphrase }));
      let session: Session | undefined;
      let isFilled = true;
      try {
        isFilled = await hasAccount(store);
        session = await Session.start(this.#d, store);
        // A crash may have come between the store and the provider's answer.
        await session.signUp();
      } catch (error) {
        await (session ?? store).close();
        this.#store = undefined;
        // The program was ended while it was beginning: nothing is in the store that anybody has seen.
        if (!isFilled) await discardStore(dataDir);
        throw toMainError(error);
      }
      this.#session = session;
      session.resume();
    });
  }

  async #open(opening: Promise<Store>): Promise<Store> {
    this.#opening = opening;
    try {
      this.#store = await opening;
      return this.#store;
    } finally {
      this.#opening = undefined;
    }
  }

  /** Mixing ends, the keys are forgotten. */
  lock(): Promise<void> {
    return this.#inTurn(async () => {
      const session = this.#session;
      this.#session = undefined;
      await session?.close();
      this.#store = undefined;
    });
  }

  /** The same for the same code: the provider lets in one device, and asks for its key again should the answer have been lost. */
  #seedFor(attempt: string): Uint8Array {
    if (this.#joining?.attempt !== attempt) {
      if (this.#joining !== undefined) wipe(this.#joining.seed);
      this.#joining = { attempt, seed: this.#d.random.bytes(32) };
    }
    return this.#joining.seed;
  }

  async #networkOf(invite: Invite): Promise<Network> {
    const { transport, random, clock, networks } = this.#d;
    const key = toHex(invite.networkHash);
    const known = this.#networks.get(key);
    if (known !== undefined) return known;
    try {
      // A key of its own for the question: the provider shall not link it to the account that may follow.
      const suite = await transport.suite("xwing");
      const dialer = transport.dialer({ identitySeed: random.bytes(32), network: undefined, suite });
      const network = await transport.fetchNetwork({ dialer, invite, suite, clock });
      if (networks === "live" && network.kind !== "live") throw new MainError("REFUSED");
      this.#networks.set(key, network);
      return network;
    } catch (error) {
      throw toMainError(error);
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const next = this.#turn.then(work, work);
    this.#turn = next.catch(() => {});
    return next;
  }
}

async function hasAccount(store: Store): Promise<boolean> {
  const account = await store.mainAccount();
  if (account !== undefined) wipe(account.deviceSeed);
  return account !== undefined;
}

const withoutSpaces = (text: string): string => text.replace(/\s+/g, "");

async function newKeys(d: SessionDependencies, o: { address: string; now: number }): Promise<KeyPair> {
  const mailWork = mailWorkBy(d, {});
  try {
    return await mailWork.generateKeys(o);
  } finally {
    await mailWork.close();
  }
}

function parseInvite(text: string): Invite {
  try {
    return decodeInvite(text);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    throw new MainError(error.code === "VERSION_NEWER" ? "PROGRAM_TOO_OLD" : "BAD_INVITE", { cause: error });
  }
}
