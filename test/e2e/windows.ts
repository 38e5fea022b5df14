/** A network of processes with one window for each program, for the specs that watch several at once. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "@playwright/test";
import { Desktop } from "../demo/desktop.ts";
import { type DemoNetwork, startNetwork } from "../demo/network.ts";
import { Observations } from "../demo/observations.ts";

interface Opening {
  readonly name: string;
  readonly folder: string;
  readonly observations: Observations;
  readonly watch: ((page: Page) => void) | undefined;
}

export class Windows {
  readonly network: DemoNetwork;
  readonly #folder: string;
  readonly #programs = new Map<string, Desktop>();
  readonly #contexts: BrowserContext[] = [];
  readonly #pages = new Map<string, Page>();

  private constructor(folder: string, network: DemoNetwork) {
    this.#folder = folder;
    this.network = network;
  }

  /** Resolves when packets flow and each program shows its first page. */
  static async open(browser: Browser, names: readonly string[], watch?: (page: Page) => void): Promise<Windows> {
    const folder = mkdtempSync(join(tmpdir(), "starling-e2e-"));
    const observations = new Observations();
    const windows = new Windows(folder, await startNetwork({ folder, observations }));
    try {
      for (const name of names) await windows.#open(browser, { name, folder, observations, watch });
      await windows.network.flowing();
    } catch (error) {
      await windows.close();
      throw error;
    }
    return windows;
  }

  async #open(browser: Browser, { watch, ...program }: Opening): Promise<void> {
    const desktop = new Desktop(program);
    this.#programs.set(program.name, desktop);
    await desktop.ready();
    const context = await browser.newContext();
    this.#contexts.push(context);
    const page = await context.newPage();
    watch?.(page);
    await page.goto(await desktop.url());
    this.#pages.set(program.name, page);
  }

  of(name: string): Page {
    const page = this.#pages.get(name);
    if (page === undefined) throw new RangeError(`${name} has no window`);
    return page;
  }

  program(name: string): Desktop {
    const program = this.#programs.get(name);
    if (program === undefined) throw new RangeError(`${name} has no program`);
    return program;
  }

  async close(): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()));
    await Promise.all([...this.#programs.values()].map((program) => program.stop()));
    await this.network.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
