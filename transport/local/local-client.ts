/** One client of the mix network and the socket through which programs of this machine use it. Spec: docs/spec/16-local-client.md §1 */

import type { Clock } from "../core/clock.ts";
import { TransportError, type TransportErrorCode } from "../core/errors.ts";
import type { RandomSource } from "../core/random.ts";
import type { FileLock } from "../library/file-lock.ts";
import type { NetworkClient } from "../library/network-client.ts";
import { diskStore, joinNetwork } from "../library/node.ts";
import type { Store } from "../library/store.ts";
import { Desk } from "./desk.ts";
import { Folder } from "./folder.ts";
import { ServerThread, SocketUnable } from "./server-thread.ts";
import { StartError } from "./start-error.ts";

export interface LocalClientOptions {
  readonly folder: string;
  /** Not needed when the folder has the one of an earlier start. */
  readonly invite: string | undefined;
  readonly name: string | undefined;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Hears of what should not happen; the client goes on. */
  readonly onFault: (error: unknown) => void;
  /** Programs are not served any more, though nobody asked for that. */
  readonly onEnd: (error: unknown) => void;
}

export class LocalClient {
  readonly #client: NetworkClient;
  readonly #server: ServerThread;
  readonly #lock: FileLock;
  readonly #desk: Desk;

  /**
   * Packets leave from now on at the network's pace, whatever programs do, until `stop`. Throws StartError, with what to do. The
   * process's umask must keep others out.
   */
  static async start(options: LocalClientOptions): Promise<LocalClient> {
    const folder = new Folder(options.folder);
    const invite = options.invite ?? folder.invite();
    if (invite === undefined) {
      throw new StartError(
        `${options.folder} holds no account yet: name an invite of a provider's operator with --invite.`,
      );
    }
    // Before anything else: the store is for one client at a time, and the socket of a process that is gone may be replaced.
    const lock = folder.lock();
    let server: ServerThread | undefined;
    let client: NetworkClient | undefined;
    try {
      server = await openServer(folder.socket, options);
      const store = await openStore(folder, options.random);
      client = await joined({ invite, store, ...(options.name === undefined ? {} : { name: options.name }) });
      folder.saveInvite(invite);
      return new LocalClient({ client, server, lock, onFault: options.onFault });
    } catch (error) {
      await client?.close();
      await server?.close();
      lock.release();
      throw error;
    }
  }

  private constructor(o: {
    client: NetworkClient;
    server: ServerThread;
    lock: FileLock;
    onFault: (error: unknown) => void;
  }) {
    this.#client = o.client;
    this.#server = o.server;
    this.#lock = o.lock;
    this.#desk = new Desk(o);
    this.#server.serve(this.#desk);
  }

  get address(): string {
    return this.#client.address;
  }

  async stop(): Promise<void> {
    this.#desk.close();
    await this.#client.close();
    await this.#server.close();
    this.#lock.release();
  }
}

async function openServer(path: string, { clock, onEnd }: LocalClientOptions): Promise<ServerThread> {
  try {
    return await ServerThread.open({ path, clock, onFault: onEnd });
  } catch (error) {
    if (error instanceof SocketUnable) {
      throw new StartError(
        `No socket can be made at ${path}: ${error.message}. Nothing was sent. Mend that, or name another folder.`,
      );
    }
    throw error;
  }
}

/** The store's own errors say what to do. */
async function openStore(folder: Folder, random: RandomSource): Promise<Store> {
  const key = folder.key(random);
  try {
    return await diskStore({ file: folder.store, key });
  } catch (error) {
    throw new StartError(`The store cannot be opened; nothing was sent, and nothing in it changed. ${textOf(error)}`);
  }
}

async function joined(options: { invite: string; store: Store; name?: string }): Promise<NetworkClient> {
  try {
    return await joinNetwork(options);
  } catch (error) {
    await options.store.close();
    if (!(error instanceof TransportError)) throw error;
    const todo = TODO[error.code] ?? "Start again; if it stays so, ask the provider's operator.";
    throw new StartError(`Not started, and nothing was sent: ${error.message} ${todo}`);
  }
}

const TODO: Partial<Record<TransportErrorCode, string>> = {
  MALFORMED: "An invite is one line that begins with starling:1: – copy it whole.",
  VERSION_NEWER: "Install it: what is in the folder stays.",
  REFUSED: "Name the folder that belongs to this invite's network, or a new one.",
  PROVIDER_DOWN: "The first start needs the provider: start again when it can be reached.",
  BAD_INVITE: "Ask the operator for another invite.",
  NAME_TAKEN: "Choose another --name.",
  TOO_MANY_NAMES: "Start again tomorrow (UTC).",
  NAME_INVALID: "Choose another --name: letters, digits, and dots, hyphens or underscores between them.",
  CLOCK_WRONG: "Set this machine's clock, and start again.",
  CONSENSUS_FORGED: "Somebody lies about the network: tell the operator before you start again.",
  CONSENSUS_SPLIT: "Somebody lies about the network: tell the operator before you start again.",
};

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
