/** What programs ask of the one client they share, in a network in memory. docs/spec/16-local-client.md §3-4 */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { inviteTo, joined, platformOf } from "#test/support/joined.ts";
import { decoded, type DeskProgram, encoded, LocalDesk } from "#test/support/local-desk.ts";
import { SmallNetwork } from "#test/support/small-network.ts";
import { settle } from "#test/support/virtual-clock.ts";
import { utf8 } from "#transport/core/bytes.ts";
import { type Milliseconds, seconds } from "#transport/core/units.ts";
import { join } from "#transport/library/joining.ts";
import type { NetworkClient } from "#transport/library/network-client.ts";
import { MemoryRecords } from "#transport/library/records.ts";
import { RecordsStore } from "#transport/library/records-store.ts";
import { HELD_MAX, QUEUED_FRAGMENTS_MAX } from "#transport/local/limits.ts";

interface Scene {
  readonly net: SmallNetwork;
  readonly ann: NetworkClient;
  /** Whose programs these are. */
  readonly bea: NetworkClient;
  readonly desk: LocalDesk;
  readonly within: <T>(promise: Promise<T>, limit?: Milliseconds) => Promise<T>;
}

async function scene(t: TestContext): Promise<Scene> {
  const net = await SmallNetwork.create();
  t.after(() => net.stop());
  await net.start();
  const ann = await joined(net, { name: "ann", provider: "a" });
  const bea = await joined(net, { name: "bea", provider: "b" });
  t.after(() => Promise.all([ann.close(), bea.close()]));
  const desk = new LocalDesk(bea);
  return {
    net,
    ann,
    bea,
    desk,
    within: (promise, limit = seconds(600)) => net.clock.runUntilSettled(promise, limit),
  };
}

const PING = { at: "b.example", service: "echo", body: encoded("ping") };
const id = (number: number): string => Buffer.alloc(16, number).toString("base64url");

test("a program looks somebody up, writes, follows the message, and reads the status", async (t) => {
  const { ann, desk, within, net } = await scene(t);
  const program = desk.program();
  const record = await within(program.result("lookup", { address: "ann@a.example" }));
  assert.equal(record["address"], "ann@a.example");
  assert.equal(String(record["accountKey"]).length, 43);
  const { message } = await within(program.result("send", { to: "ann@a.example", body: encoded("hello") }));
  assert.equal((await program.result("journey", { message }))["delivery"], "queued");
  const seen: unknown[] = ["queued"];
  while (seen.at(-1) !== "stored") {
    const { delivery } = await within(program.result("journey", { message, after: seen.at(-1) }));
    seen.push(delivery);
  }
  assert.deepEqual(seen, ["queued", "mixing", "stored"]);
  const taken = await within(ann.poll());
  assert.equal(decoded(Buffer.from(taken?.body ?? []).toString("base64url")), "hello");
  await within(taken?.done({ confirmTo: "bea@b.example" }) ?? Promise.reject(new Error()));
  const end = await within(program.result("journey", { message, after: "stored" }));
  assert.equal(end["delivery"], "delivered");
  const status = await program.result("status");
  assert.deepEqual([status["address"], status["state"], status["queuedFragments"]], ["bea@b.example", "mixing", 0]);
  assert.ok(net.clock.now() > 0);
});

test("a program asks a service, and errors of the network come by their code", async (t) => {
  const { desk, within } = await scene(t);
  const program = desk.program();
  const { body } = await within(program.result("request", PING));
  assert.equal(decoded(body), "ping");
  const refusals: readonly [string, object, string][] = [
    ["lookup", { address: "nobody@b.example" }, "REFUSED"],
    ["lookup", { address: "x@elsewhere.example" }, "REFUSED"],
    ["lookup", { address: `${"x".repeat(100)}@b.example` }, "REFUSED"],
    ["send", { to: "nobody@b.example", body: "" }, "REFUSED"],
    ["request", { ...PING, at: "c.example" }, "REFUSED"],
    ["request", { ...PING, body: encoded("x".repeat(9000)) }, "MESSAGE_TOO_LARGE"],
    ["journey", { message: id(1) }, "UNKNOWN_MESSAGE"],
    ["done", { message: id(1) }, "NOT_HELD"],
  ];
  for (const [call, fields, code] of refusals) {
    const { error } = await within(program.call(call, fields));
    assert.equal(error?.code, code, `${call} ${JSON.stringify(fields).slice(0, 60)}`);
    assert.ok((error?.message.length ?? 0) > 20);
  }
});

test("a message is one program's until done; when that one ends before, it is offered to the next", async (t) => {
  const { ann, desk, within, net } = await scene(t);
  const [first, second] = [desk.program(), desk.program()];
  const waiting = first.result("next");
  await within(ann.send({ to: "bea@b.example", body: Buffer.from("for somebody") }));
  const { message, body } = await within(waiting);
  assert.equal(decoded(body), "for somebody");
  const other = second.result("next");
  await net.clock.runFor(seconds(120));
  assert.equal((await second.call("done", { message })).error?.code, "NOT_HELD");
  first.close();
  const again = await within(other);
  assert.deepEqual([again["message"], decoded(again["body"])], [message, "for somebody"]);
  assert.deepEqual(await within(second.result("done", { message })), {});
  assert.equal((await second.call("done", { message })).error?.code, "NOT_HELD");
  second.close();
  const third = desk.program();
  let isOffered = false;
  void third.call("next").then(() => (isOffered = true));
  await net.clock.runFor(seconds(120));
  assert.equal(isOffered, false, "what is done does not come again");
});

test("what comes for a program that has gone meanwhile goes to the next that asks", async (t) => {
  const { ann, desk, within, net } = await scene(t);
  const gone = desk.program();
  void gone.call("next");
  gone.close();
  await within(ann.send({ to: "bea@b.example", body: Buffer.from("late") }));
  await net.clock.runFor(seconds(120));
  const { body } = await within(desk.program().result("next"));
  assert.equal(decoded(body), "late");
});

test("done that cannot be confirmed leaves the message with its program", async (t) => {
  const { ann, desk, within } = await scene(t);
  const program = desk.program();
  await within(ann.send({ to: "bea@b.example", body: Buffer.from("x") }));
  const { message } = await within(program.result("next"));
  const refused = await within(program.call("done", { message, confirmTo: "nobody@a.example" }));
  assert.equal(refused.error?.code, "REFUSED");
  assert.deepEqual(await within(program.result("done", { message })), {});
});

test("a message that is sent again under its id, by whomever and whenever, is sent once", async (t) => {
  const { ann, desk, within, net } = await scene(t);
  const [first, second] = [desk.program(), desk.program()];
  const send = { to: "ann@a.example", body: encoded("once"), message: id(7) };
  // The second while the first is still looking up, the third after it.
  const both = await within(Promise.all([first.result("send", send), second.result("send", send)]));
  assert.deepEqual(both, [{ message: id(7) }, { message: id(7) }]);
  assert.deepEqual(await within(second.result("send", send)), { message: id(7) });
  const taken = await within(ann.poll());
  assert.equal(Buffer.from(taken?.id ?? []).toString("base64url"), id(7));
  await within(taken?.done() ?? Promise.reject(new Error()));
  let isMore = false;
  void ann.poll().then((more) => (isMore = more !== undefined));
  await net.clock.runFor(seconds(120));
  assert.equal(isMore, false);
});

test("a program that takes and never says done is given no more, and what it had is offered when it ends", async (t) => {
  const bodies = Array.from({ length: HELD_MAX + 1 }, (_, i) => `${i}`);
  const given: string[] = [];
  const waiting = bodies.map((text, i) => ({
    id: Buffer.alloc(16, i),
    body: utf8(text),
    receivedAt: 0,
    done: async () => undefined,
    putBack: () => void given.push(text),
  }));
  const client = { on: () => () => undefined, poll: async () => waiting.shift() };
  const program: DeskProgram = new LocalDesk(client as unknown as NetworkClient).program();
  t.after(() => program.close());
  for (let i = 0; i < HELD_MAX; i++) await program.result("next");
  assert.equal((await program.call("next")).error?.code, "TOO_MANY_HELD");
  await program.result("done", { message: id(3) });
  assert.equal(decoded((await program.result("next"))["body"]), `${HELD_MAX}`);
  program.close();
  assert.deepEqual(
    given,
    bodies.filter((text) => text !== "3"),
  );
});

test("a full queue refuses what is new and says so", async () => {
  const client = {
    on: () => () => undefined,
    status: () => ({ queuedFragments: QUEUED_FRAGMENTS_MAX }),
    send: () => assert.fail("sent"),
  };
  const program = new LocalDesk(client as unknown as NetworkClient).program();
  const { error } = await program.call("send", { to: "a@b.c", body: "" });
  assert.equal(error?.code, "QUEUE_FULL");
});

test("a fault inside reaches the log and not the program, which is told what is safe", async () => {
  const faults: unknown[] = [];
  const { Desk } = await import("#transport/local/desk.ts");
  const full = Object.assign(new Error("no space left, writing to a secret place"), { code: "ENOSPC" });
  const client = {
    on: () => () => undefined,
    status: () => ({ queuedFragments: 0 }),
    send: () => Promise.reject(full),
  };
  const desk = new Desk({ client: client as unknown as NetworkClient, onFault: (error) => void faults.push(error) });
  const outcome = await desk.call(0, { id: 1, call: "send", to: "a@b.c", body: new Uint8Array(1) });
  assert.ok(outcome !== undefined && "error" in outcome);
  assert.equal(outcome.error.code, "FAILED");
  assert.doesNotMatch(outcome.error.message, /secret/);
  assert.deepEqual(faults, [full]);
});

test("what was sent is there after a restart, under the same id", async (t) => {
  const { net, within } = await scene(t);
  class Kept extends MemoryRecords {
    override async close(): Promise<void> {}
  }
  const records = new Kept();
  const open = async (): Promise<NetworkClient> =>
    within(
      join(platformOf(net, "cleo"), {
        invite: inviteTo(net, "a"),
        name: "cleo",
        store: await RecordsStore.open(records),
      }),
    );
  const first = await open();
  const send = { to: "bea@b.example", body: encoded("kept"), message: id(9) };
  await within(new LocalDesk(first).program().result("send", send));
  await first.close();
  const second = await open();
  t.after(() => second.close());
  const program = new LocalDesk(second).program();
  assert.equal((await program.result("journey", { message: id(9) }))["bytes"], 4);
  assert.deepEqual(await program.result("send", send), { message: id(9) });
  await settle();
});
