/** Processes of the demo that end by themselves are started again, and one line says so. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";
import { Keeper, type Kept } from "./keeper.ts";

const folder = mkdtempSync(join(tmpdir(), "starling-keeper-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const script = fileURLToPath(new URL("idle-process.ts", import.meta.url));

const start = (args: readonly string[]): Child =>
  new Child({ name: "mix-1", script, args, logFile: join(folder, "log") });

/** `args`: of each process that is started, the first apart. */
function world(o: { readonly args?: readonly string[]; readonly wait?: number; readonly within?: number } = {}) {
  const said: string[] = [];
  const waiting = new Set<() => void>();
  const say = (line: string): void => {
    said.push(line);
    for (const look of waiting) look();
  };
  let child = start([]);
  const kept: Kept = {
    name: "mix-1",
    ended: () => child.ended,
    restart: () => (child = start(o.args ?? [])).ready(),
    meanwhile: "Mail takes other ways.",
  };
  const keeper = new Keeper({ say, wait: o.wait ?? 1, ...(o.within !== undefined && { within: o.within }) });
  return {
    said,
    keeper,
    kept,
    child: () => child,
    until: async (line: string): Promise<void> => {
      while (!said.includes(line)) await new Promise<void>((resolve) => waiting.add(resolve));
    },
  };
}

const ENDED = "mix-1 ended (SIGKILL) and is started again; there is nothing to do. Mail takes other ways.";

test("a process that is killed is said to have ended, and runs again; one that is asked to end stays ended", async () => {
  const { said, keeper, kept, child, until } = world();
  await child().ready();
  const over = keeper.keep(kept);
  const before = child().pid;
  process.kill(before, "SIGKILL");
  await until("mix-1 runs again.");
  assert.notEqual(child().pid, before);
  await child().stop();
  await over;
  assert.deepEqual(said, [ENDED, "mix-1 runs again."]);
});

test("what has to be done when it runs again is said with it", async () => {
  const { said, keeper, kept, child, until } = world();
  await child().ready();
  const over = keeper.keep({ ...kept, todo: "Open its new address." });
  process.kill(child().pid, "SIGKILL");
  await until("mix-1 runs again. Open its new address.");
  assert.equal(said[0], "mix-1 ended (SIGKILL) and is started again. Mail takes other ways.");
  await child().stop();
  await over;
});

test("one that ends again and again is left alone, and that is said", async () => {
  const { said, keeper, kept, child } = world({ args: ["3"] });
  await child().ready();
  process.kill(child().pid, "SIGKILL");
  await keeper.keep(kept);
  assert.equal(said[0], ENDED);
  assert.equal(said.length, 6);
  assert.match(said[5] as string, /^mix-1 ended again \(exit code 3\) and is left alone: press Ctrl\+C/);
});

test("one that ends now and then is started again each time", async () => {
  const { said, keeper, kept, child } = world({ args: ["3"], within: 10 });
  await child().ready();
  let ends = 0;
  const ended = (): Promise<string | undefined> => {
    if (++ends === 9) keeper.close();
    return child().ended;
  };
  process.kill(child().pid, "SIGKILL");
  await keeper.keep({ ...kept, ended });
  assert.equal(said.filter((line) => line.includes("is started again")).length, 8);
  assert.ok(!said.some((line) => line.includes("left alone")));
});

test("while the demo ends, nothing is started again", async () => {
  const { said, keeper, kept, child, until } = world({ wait: 3_600_000 });
  await child().ready();
  const over = keeper.keep(kept);
  const { pid } = child();
  process.kill(pid, "SIGKILL");
  await until(ENDED);
  keeper.close();
  await over;
  assert.equal(child().pid, pid);
  assert.deepEqual(said, [ENDED]);
});
