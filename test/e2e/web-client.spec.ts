/**
 * The library in a browser: a page's worker joins a live network over the provider's web link, asks a service, and sends itself
 * a message; after a reload it is the same member. Everything in the worker is the portable half of the library.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import { type DemoNetwork, startNetwork } from "../demo/network.ts";
import { Observations } from "../demo/observations.ts";
import { freePorts } from "../support/free-ports.ts";
import { serveWorker, type WebPage } from "../support/web-page.ts";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { perSecond } from "#transport/core/units.ts";

test.describe.configure({ mode: "serial" });

const survey = fileURLToPath(new URL("../examples/survey-service.ts", import.meta.url));

/** A third of the demo's pace: the worker's cryptography is JavaScript, and shares this machine with a whole network. */
const PACE = { sendRate: perSecond(2), pollRate: perSecond(4) };
const PARAMETERS: Parameters = {
  ...DEMO_PARAMETERS,
  profiles: {
    mail: { ...DEMO_PARAMETERS.profiles.mail, ...PACE },
    chat: { ...DEMO_PARAMETERS.profiles.chat, ...PACE },
  },
};

let folder: string;
let pages: WebPage;
let network: DemoNetwork;
let webLink: string;
let invite: string;

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "starling-web-"));
  pages = await serveWorker("test/examples/web-worker.ts");
  const [port] = await freePorts(1);
  webLink = `ws://127.0.0.1:${port}/starling`;
  const listen = `127.0.0.1:${port}`;
  const extras: Record<string, object> = {
    "a.example": { webListen: { listen, url: webLink, origins: [pages.origin] } },
    "b.example": { services: [{ name: "survey", module: survey, options: { choices: ["tea", "coffee"] } }] },
  };
  network = await startNetwork({
    folder,
    observations: new Observations(),
    parameters: PARAMETERS,
    provider: (domain) => extras[domain] ?? {},
  });
  invite = await network.invite("a.example");
  await network.flowing();
});

test.afterAll(async () => {
  await network?.stop();
  await pages?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  readonly address?: string;
  readonly counts?: object;
  readonly message?: string;
  readonly failure?: string;
}

test("a page's worker signs up, votes, and receives the message that it sent", async ({ context }) => {
  const page = await context.newPage();
  const strayed = watch(page);
  await page.goto(pages.origin);
  const said = await run(page, { choice: "tea", note: "from a worker" });
  expect(said).toEqual([
    { address: "wendy@a.example" },
    { counts: { tea: 1, coffee: 0 } },
    { message: "from a worker" },
  ]);

  // Keys, account and lists come from IndexedDB: another sign-up would be refused.
  await page.reload();
  const again = await run(page, { choice: "coffee", note: "after a reload" });
  expect(again.slice(0, 2)).toEqual([{ address: "wendy@a.example" }, { counts: { tea: 1, coffee: 1 } }]);
  // The first message comes once more if the worker was ended before it was done with it.
  expect(
    again
      .slice(2)
      .map(({ message }) => message)
      .filter((message) => message !== "from a worker"),
  ).toEqual(["after a reload"]);
  expect(strayed).toEqual([]);
});

test("a page of another origin gets no link", async ({ context }) => {
  const other = await serveWorker("test/examples/web-worker.ts");
  try {
    const page = await context.newPage();
    await page.goto(other.origin);
    const said = await run(page, { choice: "tea", note: "no" });
    expect(said).toEqual([{ failure: expect.stringContaining("The provider cannot be reached.") }]);
  } finally {
    await other.close();
  }
});

/** What the worker says until its note came or it failed; then it is ended. */
function run(page: Page, wish: { choice: string; note: string }): Promise<Said[]> {
  return page.evaluate(
    (o) =>
      new Promise<Said[]>((resolve) => {
        const { Worker } = globalThis as unknown as {
          Worker: new (
            url: string,
            options: object,
          ) => {
            postMessage(wish: object, transfer: []): void;
            addEventListener(type: string, listener: (event: { data: Said; message?: string }) => void): void;
            terminate(): void;
          };
        };
        const worker = new Worker("/worker.js", { type: "module" });
        const said: Said[] = [];
        const end = (): void => {
          worker.terminate();
          resolve(said);
        };
        worker.addEventListener("error", ({ message }) => {
          said.push({ failure: `the worker failed: ${message}` });
          end();
        });
        worker.addEventListener("message", ({ data }) => {
          said.push(data);
          if (data.message === o.note || data.failure !== undefined) end();
        });
        worker.postMessage({ ...o, name: "wendy", key: new Uint8Array(32).fill(5) }, []);
      }),
    { ...wish, invite, webLink },
  );
}

/** What the page asked for outside of its own origin; the web link is no request that Playwright counts. */
function watch(page: Page): string[] {
  const strayed: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(pages.origin)) strayed.push(request.url());
  });
  return strayed;
}
