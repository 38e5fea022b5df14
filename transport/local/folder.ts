/** What a local client keeps in its folder, for its owner alone: the store and its key, the invite, the socket. Spec: docs/spec/16-local-client.md §1 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { RandomSource } from "../core/random.ts";
import { utf8 } from "../core/bytes.ts";
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
  const descriptor = openSync(`${file}.new`, "w", 0o600);
  try {
    writeSync(descriptor, bytes);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(`${file}.new`, file);
  const folder = openSync(join(file, ".."), "r");
  fsyncSync(folder);
  closeSync(folder);
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
