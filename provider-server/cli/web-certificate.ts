/** The web certificate of a provider's listener: read at the start, and again when its files change, as they do every few weeks. */

import { readFileSync } from "node:fs";
import type { Cancel, Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds, seconds } from "#transport/core/units.ts";
import type { WebCertificate } from "#transport/link/web-listener.ts";
import { ServerError } from "../errors.ts";
import type { Log } from "../observe/log.ts";

interface Files {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Throws CONFIG with the sentence. */
export function readWebCertificate(files: Files): WebCertificate {
  return {
    certificate: read("certificate", files.certificate),
    privateKey: read("privateKey", files.privateKey),
  };
}

/**
 * Looks now and then whether the files hold another pair, and has it used. What cannot be used leaves the old one in its place: the
 * two files are never written at the same moment. The log says so once, until the reason is another.
 */
export function keepWebCertificate(o: {
  readonly files: Files;
  readonly inUse: WebCertificate;
  /** Throws when the two do not belong together. */
  readonly use: (found: WebCertificate) => void;
  readonly clock: Clock;
  readonly log: Log;
}): Cancel {
  const { files, use, clock, log } = o;
  let { inUse } = o;
  let complaint = "";
  let cancel: Cancel | undefined;
  const look = (): void => {
    const said = complaint;
    complaint = "";
    try {
      const found = readWebCertificate(files);
      if (!isSame(found, inUse)) {
        use(found);
        inUse = found;
        log.event("the web certificate has changed: new links are given the new one");
      }
    } catch (error) {
      complaint = error instanceof Error ? error.message : "no reason given";
      if (complaint !== said) log.event(`the new web certificate cannot be used, the old one stays: ${complaint}`);
    }
    lookLater();
  };
  const lookLater = (): void => {
    cancel = clock.at(milliseconds(clock.now() + LOOK_INTERVAL), look);
  };
  lookLater();
  return () => cancel?.();
}

/** A certificate is renewed weeks before it ends. Two small files a minute cost nothing. */
const LOOK_INTERVAL: Milliseconds = seconds(60);

const isSame = (a: WebCertificate, b: WebCertificate): boolean =>
  a.certificate === b.certificate && a.privateKey === b.privateKey;

function read(key: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new ServerError("CONFIG", `webListen.${key}: expected ${file} to be a file that can be read.`);
  }
}
