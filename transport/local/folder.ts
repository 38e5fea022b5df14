/** What a local client keeps in its folder, for its owner alone: the store and its key, the invite, the socket. Spec: docs/spec/16-local-client.md §1 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { RandomSource } from "../core/random.ts";
import { utf8 } from "../core/bytes.ts";
import { type FileLock, lockFile } from "../library/file-lock.ts";
import { SOCKET_PATH_BYTES_MAX } from "./limits.ts";
import { StartError } from "./start-error.ts";

export class Folder {
  readonly #path: string;

  /** Makes it when there is none. Throws StartError for one that others may open, or that is not ours. */
  constructor(path: string) {
    this.#path = path;
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new StartError(`${path} cannot be made: ${textOf(error)}. Name another folder.`);
    }
    assertOwn(path, "folder", "700");
    if (utf8(this.socket).length > SOCKET_PATH_BYTES_MAX) {
      throw new StartError(`${this.socket} is longer than a socket's path may be. Name a folder with a shorter path.`);
    }
  }

  get socket(): string {
    return join(this.#path, "socket");
  }

  get store(): string {
    return join(this.#path, "store");
  }

  /** For one process at a time. Throws StartError while another has it; one that was killed has nothing any more. */
  lock(): FileLock {
    const file = join(this.#path, "in-use");
    let lock: FileLock | undefined;
    try {
      lock = lockFile(file);
    } catch (error) {
      throw new StartError(
        `${file} cannot be locked: ${textOf(error)}. Nothing was sent. Name a folder on a disk of this machine.`,
      );
    }
    if (lock !== undefined) return lock;
    throw new StartError(
      `A local client runs in this folder already, and goes on: use its socket, ${this.socket}, stop it, or name another folder.`,
    );
  }

  /** 32 bytes, drawn at the first start. A secret. Throws StartError when it is gone, damaged, or may be read by others. */
  key(random: RandomSource): Uint8Array {
    const file = join(this.#path, "key");
    if (!existsSync(file)) {
      if (existsSync(this.store)) {
        throw new StartError(
          `${file} is not there, and ${this.store} can be opened with it only. Put it back from your copy; without one, move the store away and join anew with another invite.`,
        );
      }
      replace(file, random.bytes(KEY_BYTES));
    }
    const key = new Uint8Array(read(file));
    if (key.length !== KEY_BYTES) {
      throw new StartError(
        `${file} is damaged: a key has ${KEY_BYTES} bytes, this ${key.length}. Put it back from your copy.`,
      );
    }
    return key;
  }

  /** The one of the last start that joined. */
  invite(): string | undefined {
    const file = join(this.#path, "invite");
    return existsSync(file) ? read(file).toString("utf8").trim() : undefined;
  }

  saveInvite(invite: string): void {
    if (this.invite() !== invite) replace(join(this.#path, "invite"), utf8(`${invite}\n`));
  }
}

const KEY_BYTES = 32;

function read(file: string): Buffer {
  assertOwn(file, "file", "600");
  return readFileSync(file);
}

function assertOwn(path: string, what: "file" | "folder", mode: string): void {
  const { uid, mode: bits } = statSync(path);
  if (uid !== process.getuid?.())
    throw new StartError(`${path} is another user's. Start as that user, or name another.`);
  if ((bits & 0o077) !== 0) {
    throw new StartError(
      `${path} may be opened by others. If nobody has, make it yours alone: chmod ${mode} ${path}. If somebody may have, take another ${what}.`,
    );
  }
}

/** Whole, on the disk, and its owner's alone, or not at all. */
function replace(file: string, bytes: Uint8Array): void {
  try {
    writeDurably(`${file}.new`, bytes);
    renameSync(`${file}.new`, file);
    const folder = openSync(dirname(file), "r");
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    rmSync(`${file}.new`, { force: true });
    throw new StartError(
      `${file} cannot be written: ${textOf(error)}. Nothing else was changed. Make room, and start again.`,
    );
  }
}

function writeDurably(file: string, bytes: Uint8Array): void {
  const descriptor = openSync(file, "w", 0o600);
  try {
    // A disk that is nearly full takes a part, and says so only at the next call.
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
