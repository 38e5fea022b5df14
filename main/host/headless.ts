/**
 * The browser host as a program: `node main/host/headless.ts --data DIR [--port-file FILE] [--page DIR]`. Prints the URL
 * that opens a window, once; DIR/open.html leads there too, and to a fresh one after each use.
 */

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { SystemRandom } from "#transport";
import { replaceFile } from "../store/files.ts";
import { type ComposeOptions, compose } from "./compose.ts";
import { type LoopbackHost, startLoopbackHost } from "./loopback.ts";

export interface HeadlessOptions extends ComposeOptions {
  /** Gets the URL as one line, and a fresh one after each use. */
  readonly portFile?: string | undefined;
}

export interface Headless {
  readonly url: string;
  /** A file that leads to the window, readable by this user only: a URL on a command line is not. */
  readonly openFile: string;
  close(): Promise<void>;
}

/** Rejects when the folder cannot be written. */
export async function startHeadless(o: HeadlessOptions): Promise<Headless> {
  await mkdir(o.dataDir, { recursive: true, mode: 0o700 });
  const openFile = join(o.dataDir, "open.html");
  const program = compose(o);
  const { services, web } = program;
  let writing: Promise<void> = Promise.resolve();
  const host: LoopbackHost = await startLoopbackHost({
    web,
    random: new SystemRandom(),
    serve: (port) => services.serve(port),
    opened: (url) => {
      writing = writing.then(async () => {
        await replaceFile(openFile, Buffer.from(redirectTo(url)));
        if (o.portFile !== undefined) await replaceFile(o.portFile, Buffer.from(`${url}\n`));
      });
    },
  });
  const url = host.url;
  await writing;
  return {
    url,
    openFile,
    async close() {
      await host.close();
      await writing;
      await rm(openFile, { force: true });
      await program.close();
    },
  };
}

const redirectTo = (url: string): string =>
  `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Starling</title><meta http-equiv="refresh" content="0;url=${url}">\n`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { data: { type: "string" }, "port-file": { type: "string" }, page: { type: "string" } },
  });
  if (values.data === undefined) throw new Error("--data DIR is missing: where this program keeps its mail");
  const headless = await startHeadless({
    dataDir: values.data,
    portFile: values["port-file"],
    ...(values.page === undefined ? {} : { pageDir: values.page }),
    report: (error) => process.stderr.write(`starling: ${error instanceof Error ? error.message : "unknown error"}\n`),
  });
  process.stdout.write(`${headless.url}\n`);
  let ending = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (ending) process.exit(1);
      ending = true;
      headless.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error: unknown) => {
    process.stderr.write(`starling: ${error instanceof Error ? error.message : "cannot start"}\n`);
    process.exitCode = 1;
  });
}
