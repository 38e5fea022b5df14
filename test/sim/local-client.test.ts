/**
 * The promise of a local client: what leaves on its line is the same whatever programs do, also when they come and go.
 * Docs: docs/spec/16-local-client.md §6
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { inviteTo, joined, MINUTE, platformOf } from "#test/support/joined.ts";
import { encoded, LocalDesk } from "#test/support/local-desk.ts";
import { SeededRandom, seededStreams } from "#test/support/seeded-random.ts";
import { SmallNetwork } from "#test/support/small-network.ts";
import { toHex } from "#transport/core/bytes.ts";
import { type RandomStreams, systemStreams } from "#transport/core/random.ts";
import { milliseconds, seconds } from "#transport/core/units.ts";
import { join } from "#transport/library/joining.ts";
import { MemoryRecords } from "#transport/library/records.ts";
import { RecordsStore } from "#transport/library/records-store.ts";

interface Seen {
  /** Time and length of all that the local client sent. */
  readonly line: readonly string[];
  readonly done: Readonly<Record<string, number>>;
}

/** A minute of a local client. With programs, everything happens that they can set off. */
async function watch(o: { seed: string; isUsed: boolean; streams?: RandomStreams }): Promise<Seen> {
  const net = await SmallNetwork.create();
  await net.start();
  const { clock } = net;
  const line: string[] = [];
  const store = await RecordsStore.open(new MemoryRecords());
  let own = "";
  net.links.tap = ({ from, at, length }) => {
    if (from === own) line.push(`${at} ${length}`);
  };
  const ann = await joined(net, { name: "ann", provider: "a" });
  const platform = { ...platformOf(net, o.seed), streams: o.streams ?? seededStreams(o.seed) };
  const bea = await clock.runUntilSettled(join(platform, { invite: inviteTo(net, "b"), name: "bea", store }), MINUTE);
  own = toHex(net.suite.ed25519.publicKey((await store.identity())?.deviceSeed as Uint8Array));
  // Letters come in either case: what a program does when it takes one is what is compared.
  await clock.runUntilSettled(ann.send({ to: bea.address, body: new Uint8Array(9_000) }), MINUTE);
  const desk = new LocalDesk(bea);
  const done: Record<string, number> = {};
  if (o.isUsed) for (const start of [0, 1_300, 25_000]) use(start);
  await clock.runFor(seconds(60));
  await Promise.all([ann.close(), bea.close()]);
  await net.stop();
  return { line, done };

  function note(name: string, call: Promise<unknown>): void {
    call.then(
      () => (done[name] = (done[name] ?? 0) + 1),
      () => undefined,
    );
  }

  /** One program: it comes, asks, writes, takes what there is, and is killed in the midst of it. */
  function use(start: number): void {
    clock.at(milliseconds(clock.now() + start), () => {
      const program = desk.program();
      const to = "ann@a.example";
      note("status", program.result("status"));
      for (let i = 0; i < 3; i++)
        note("request", program.result("request", { at: "a.example", service: "echo", body: "AAAA" }));
      note("lookup", program.result("lookup", { address: to }));
      for (const bytes of [40, 20_000]) {
        const body = encoded("x".repeat(bytes));
        const sent = program.result("send", { to, body });
        note("send", sent);
        note(
          "journey",
          sent.then(({ message }) => program.result("journey", { message, after: "queued" })),
        );
      }
      const taken = program.result("next");
      note("next", taken);
      if (start > 0)
        note(
          "done",
          taken.then(({ message }) => program.result("done", { message, confirmTo: to })),
        );
      clock.at(milliseconds(clock.now() + 24_000), () => program.close());
    });
  }
}

for (const seed of ["one", "two"]) {
  test(`nobody who watches its line sees whether programs use a local client (seed ${seed})`, async () => {
    const idle = await watch({ seed, isUsed: false });
    const busy = await watch({ seed, isUsed: true });
    assert.deepEqual(busy.line, idle.line);
    // The claim says something only because all of this happened behind it.
    assert.ok(idle.line.length > 300, `${idle.line.length} frames`);
    assert.deepEqual(idle.done, {});
    for (const call of ["status", "request", "lookup", "send", "journey", "next", "done"]) {
      assert.ok((busy.done[call] ?? 0) > 0, `no ${call} was answered: ${JSON.stringify(busy.done)}`);
    }
  });
}

test("a local client that draws everything from one random stream is found out", async () => {
  const idle = await watch({ seed: "fault", isUsed: false, streams: oneStream() });
  const busy = await watch({ seed: "fault", isUsed: true, streams: oneStream() });
  assert.notDeepEqual(busy.line, idle.line);
});

const oneStream = (): RandomStreams => systemStreams(new SeededRandom("shared"));
