/**
 * What an authority must not forget when it is killed: what it voted and signed, lest it contradict itself, and what it
 * would otherwise have to ask others for. Spec: docs/spec/08-directory.md §6
 */

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type Epoch, epochNumber } from "#transport/core/units.ts";

/** Every `put` is durable when it returns, and throws when it cannot be. */
export interface AuthorityStore {
  descriptors(): Uint8Array[];
  putDescriptor(nodeIdHex: string, bytes: Uint8Array): void;
  /** Own vote, as sent; empty while only others' were accepted. Whoever finds one at its start had begun, and forgot what it heard. */
  vote(epoch: Epoch): Uint8Array | undefined;
  putVote(epoch: Epoch, bytes: Uint8Array): void;
  /** Hash of the consensus that this authority signed. */
  signed(epoch: Epoch): Uint8Array | undefined;
  putSigned(epoch: Epoch, hash: Uint8Array): void;
  consensuses(): Uint8Array[];
  putConsensus(epoch: Epoch, bytes: Uint8Array): void;
  /** Domains that were seen confirmed (domain-checks.ts). */
  domains(): Uint8Array[];
  putDomain(nodeIdHex: string, bytes: Uint8Array): void;
  removeDomain(nodeIdHex: string): void;
  /** Removes votes and consensuses of earlier epochs. Signed hashes stay: 32 bytes each, and no epoch comes back. */
  forgetBefore(epoch: Epoch): void;
}

/** One small file for each, in one directory; replaced by renaming, so that each is old or new and never half. */
export class FileAuthorityStore implements AuthorityStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    for (const kind of KINDS) {
      const folder = join(directory, kind);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // What a crash cut short: no later write has the same name, and votes are long.
      for (const name of readdirSync(folder))
        if (name.endsWith(UNFINISHED)) rmSync(join(folder, name), { force: true });
    }
  }

  descriptors(): Uint8Array[] {
    return this.#names("descriptors").flatMap((name) => this.#read("descriptors", name) ?? []);
  }

  putDescriptor(nodeIdHex: string, bytes: Uint8Array): void {
    this.#write("descriptors", nodeIdHex, bytes);
  }

  vote(epoch: Epoch): Uint8Array | undefined {
    return this.#read("votes", `${epoch}`);
  }

  putVote(epoch: Epoch, bytes: Uint8Array): void {
    this.#write("votes", `${epoch}`, bytes);
  }

  signed(epoch: Epoch): Uint8Array | undefined {
    return this.#read("signed", `${epoch}`);
  }

  putSigned(epoch: Epoch, hash: Uint8Array): void {
    this.#write("signed", `${epoch}`, hash);
  }

  consensuses(): Uint8Array[] {
    return this.#names("consensuses").flatMap((name) => this.#read("consensuses", name) ?? []);
  }

  putConsensus(epoch: Epoch, bytes: Uint8Array): void {
    this.#write("consensuses", `${epoch}`, bytes);
  }

  domains(): Uint8Array[] {
    return this.#names("domains").flatMap((name) => this.#read("domains", name) ?? []);
  }

  putDomain(nodeIdHex: string, bytes: Uint8Array): void {
    this.#write("domains", nodeIdHex, bytes);
  }

  removeDomain(nodeIdHex: string): void {
    rmSync(join(this.#directory, "domains", nodeIdHex), { force: true });
  }

  forgetBefore(epoch: Epoch): void {
    for (const kind of ["votes", "consensuses"] as const) {
      for (const name of this.#names(kind)) {
        if (epochNumber(Number(name)) < epoch) rmSync(join(this.#directory, kind, name), { force: true });
      }
    }
  }

  #names(kind: Kind): string[] {
    return readdirSync(join(this.#directory, kind)).filter((name) => /^[0-9a-f]+$/.test(name));
  }

  #read(kind: Kind, name: string): Uint8Array | undefined {
    try {
      return new Uint8Array(readFileSync(join(this.#directory, kind, name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  #write(kind: Kind, name: string, bytes: Uint8Array): void {
    const folder = join(this.#directory, kind);
    const path = join(folder, name);
    const unfinished = `${path}${UNFINISHED}`;
    try {
      writeDurably(unfinished, bytes);
      renameSync(unfinished, path);
    } catch (error) {
      // A part of a vote would take the room that a full disk is short of.
      rmSync(unfinished, { force: true });
      throw error;
    }
    syncFolder(folder);
  }
}

const KINDS = ["descriptors", "votes", "signed", "consensuses", "domains"] as const;
type Kind = (typeof KINDS)[number];
const UNFINISHED = ".new";

function writeDurably(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "w", 0o600);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The new name itself must survive loss of power. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
