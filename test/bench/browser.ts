/** What a client in a browser's worker computes for each slot and each entry, beside the time between its ticks: in Chromium. */

import { chromium } from "@playwright/test";
import { CHROMIUM, CHROMIUM_FLAGS } from "#test/e2e/chromium.ts";
import { serveWorker } from "#test/support/web-page.ts";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { meanInterval } from "#transport/core/units.ts";
import { WRAP_LEAD } from "#transport/traffic/limits.ts";
import type { BrowserMeasures } from "./browser-worker.ts";

/** True when a slot is wrapped well within the time that is set apart for it. */
export async function runBrowserBench({ json }: { json: boolean }): Promise<boolean> {
  const { wrap, collect, open } = await measure();
  const rows = Object.entries(LIVE_PARAMETERS.profiles).map(([profile, { sendRate, dropShare, pollRate }]) => ({
    profile,
    sendEveryMs: meanInterval(sendRate),
    pollEveryMs: meanInterval(pollRate),
    load:
      ((1 - dropShare) * wrap[0] + dropShare * collect[0]) / meanInterval(sendRate) + open[0] / meanInterval(pollRate),
  }));
  const slowest = Math.max(wrap[1], collect[1]);
  const passed = slowest < WRAP_LEAD;
  if (json) {
    console.log(
      JSON.stringify(
        { bench: "browser", wrapLeadMs: WRAP_LEAD, passed, wrapMs: wrap, collectMs: collect, openMs: open, rows },
        null,
        2,
      ),
    );
  } else {
    console.log("| in a worker | median ms | 99 % ms |\n|---|--:|--:|");
    console.log(`| seal and wrap one slot | ${wrap[0].toFixed(1)} | ${wrap[1].toFixed(1)} |`);
    console.log(`| the same for a question to a box | ${collect[0].toFixed(1)} | ${collect[1].toFixed(1)} |`);
    console.log(`| open one entry | ${open[0].toFixed(1)} | ${open[1].toFixed(1)} |\n`);
    console.log("| profile | sends every s | polls every s | of one core |\n|---|--:|--:|--:|");
    for (const { profile, sendEveryMs, pollEveryMs, load } of rows) {
      const [send, poll] = [sendEveryMs / 1000, pollEveryMs / 1000];
      console.log(`| ${profile} | ${send.toFixed(2)} | ${poll.toFixed(2)} | ${(100 * load).toFixed(2)} % |`);
    }
  }
  if (!passed) console.error(`A slot takes ${slowest} ms to wrap; ${WRAP_LEAD} ms before its tick it is begun.`);
  return passed;
}

async function measure(): Promise<BrowserMeasures> {
  const page = await serveWorker("test/bench/browser-worker.ts");
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] });
  try {
    const tab = await browser.newPage();
    await tab.goto(page.origin);
    return await tab.evaluate(
      () =>
        new Promise<BrowserMeasures>((resolve, reject) => {
          const { Worker } = globalThis as unknown as {
            Worker: new (
              url: string,
              options: object,
            ) => {
              postMessage(wish: object, transfer: []): void;
              addEventListener(
                type: string,
                listener: (event: { data: BrowserMeasures; message?: string }) => void,
              ): void;
            };
          };
          const worker = new Worker("/worker.js", { type: "module" });
          worker.addEventListener("error", ({ message }) => reject(new Error(message)));
          worker.addEventListener("message", ({ data }) => resolve(data));
          worker.postMessage({}, []);
        }),
    );
  } finally {
    await browser.close();
    await page.close();
  }
}
