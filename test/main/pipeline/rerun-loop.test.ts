import assert from "node:assert/strict";
import { test } from "node:test";
import { RerunLoop } from "#main/pipeline/rerun-loop.ts";

test("whoever asks at whatever moment of a run has what is on the list by then tried", async () => {
  for (let moment = 0; moment < 30; moment++) {
    for (const fails of [false, true]) {
      const list: string[] = fails ? ["fails"] : [];
      const tried: string[] = [];
      const loop = new RerunLoop({
        list: async () => list.splice(0),
        work: async (item) => {
          tried.push(item);
          if (item === "fails") throw new Error("no");
        },
      });
      const first = loop.run().catch(() => undefined);
      for (let turn = 0; turn < moment; turn++) await Promise.resolve();
      list.push("late");
      await Promise.all([loop.run().catch(() => undefined), first]);
      assert.ok(tried.includes("late"), `asked ${moment} turns after the start, ${fails ? "and a failure" : ""}`);
    }
  }
});

test("a failure of an earlier run is not told to whoever asks later", async () => {
  const list = ["fails"];
  const loop = new RerunLoop({
    list: async () => list.splice(0),
    work: () => Promise.reject(new Error("no")),
  });
  await assert.rejects(loop.run());
  await loop.run();
});
