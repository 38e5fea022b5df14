/** The socket of a local client: who may open it, what it bounds, what one program can do to another. docs/spec/16-local-client.md §1-2 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LocalProgram } from "#test/support/local-program.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { CALLS_OPEN_MAX, CONNECTIONS_MAX, LINE_BYTES_MAX } from "#transport/local/limits.ts";
import type { Call, Outcome } from "#transport/local/protocol.ts";
import { LocalServer } from "#transport/local/server.ts";
import { type Answerer, ServerThread, SocketUnable } from "#transport/local/server-thread.ts";

const clock = new SystemClock();
const never = (error: unknown): void => assert.fail(String(error));

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "starling-local-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "socket");
}

/** A server in a thread of its own, whose calls `answer` answers. */
async function serving(
  t: TestContext,
  answer: (call: Call, connection: number) => Promise<Outcome | undefined> | Outcome,
): Promise<{ path: string; gone: number[]; calls: Call[] }> {
  const path = place(t);
  const [gone, calls]: [number[], Call[]] = [[], []];
  const answerer: Answerer = {
    async call(connection, call) {
      calls.push(call);
      return answer(call, connection);
    },
    gone: (connection) => void gone.push(connection),
  };
  const thread = await ServerThread.open({ path, clock, onFault: never });
  t.after(() => thread.close());
  thread.serve(answerer);
  return { path, gone, calls };
}

const echo = (call: Call): Outcome => ({ result: "body" in call ? { body: call.body } : { is: call.call } });

test("programs are answered by the id of their call, several at once, each its own", async (t) => {
  const { path } = await serving(t, echo);
  const programs = await Promise.all([LocalProgram.connect(path), LocalProgram.connect(path)]);
  t.after(() => Promise.all(programs.map((program) => program.close())));
  const bodies = ["AAEC", "", "_-8"];
  for (const program of programs) {
    const answers = await Promise.all(bodies.map((body) => program.result("send", { to: "a@b.c", body })));
    assert.deepEqual(
      answers,
      bodies.map((body) => ({ body })),
    );
    assert.deepEqual(await program.result("status"), { is: "status" });
  }
});

test("the largest body goes through, there and back", async (t) => {
  const { path } = await serving(t, echo);
  const program = await LocalProgram.connect(path);
  t.after(() => program.close());
  const body = Buffer.alloc(25 * 2 ** 20, 7).toString("base64url");
  const answer = await program.result("send", { to: "a@b.c", body });
  assert.ok(answer["body"] === body);
});

test("only the socket's owner may open it, and its file goes with the server", async (t) => {
  const path = place(t);
  const thread = await ServerThread.open({ path, clock, onFault: never });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await thread.close();
  assert.equal(existsSync(path), false);
});

test("the socket that a killed process left is replaced", async (t) => {
  const path = place(t);
  const listener = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", listener], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok(existsSync(path));
  const thread = await ServerThread.open({ path, clock, onFault: never });
  const program = await LocalProgram.connect(path);
  await program.close();
  await thread.close();
});

test("a place where no socket can be made is said to be one", async (t) => {
  const path = join(place(t), "no", "such", "folder");
  await assert.rejects(ServerThread.open({ path, clock, onFault: never }), SocketUnable);
});

test("a broken line gets one clear error and ends its connection; another program goes on", async (t) => {
  const { path, calls } = await serving(t, echo);
  const other = await LocalProgram.connect(path);
  t.after(() => other.close());
  for (const line of [
    '{"id":1,"call":"next"}{\n',
    "GET / HTTP/1.1\r\n\r\n",
    '{"id":0,"call":"stop"}\n{"id":1,"call":"next"}\n',
  ]) {
    const program = await LocalProgram.connect(path);
    await program.write(line);
    await program.ended;
    assert.deepEqual(
      program.strays.map(({ id, error }) => [id, error?.code]),
      [[null, "MALFORMED"]],
    );
  }
  assert.equal(calls.length, 0, "nothing behind a broken line is done");
  assert.deepEqual(await other.result("status"), { is: "status" });
});

test("an id that is still open is a broken line", async (t) => {
  const { path } = await serving(t, () => new Promise(() => undefined));
  const program = await LocalProgram.connect(path);
  await program.write('{"id":5,"call":"status"}\n{"id":5,"call":"status"}\n');
  await program.ended;
  assert.match(program.strays[0]?.error?.message ?? "", /the call 5 of this connection is still open/);
});

test("a line without end is refused at its bound", async (t) => {
  const { path } = await serving(t, echo);
  const program = await LocalProgram.connect(path);
  const piece = Buffer.alloc(2 ** 20, "x");
  for (let sent = 0; sent <= LINE_BYTES_MAX; sent += piece.length) void program.write(piece);
  await program.ended;
  // The rest of what it sent may reset the connection before it has read why.
  for (const { error } of program.strays) assert.equal(error?.code, "MALFORMED");
});

test("more programs than may be are told so; when one leaves, the next may come", async (t) => {
  const { path } = await serving(t, echo);
  const programs = await Promise.all(Array.from({ length: CONNECTIONS_MAX }, () => LocalProgram.connect(path)));
  t.after(() => Promise.all(programs.map((program) => program.close())));
  await Promise.all(programs.map((program) => program.result("status")));
  const refused = await LocalProgram.connect(path);
  await refused.ended;
  assert.deepEqual(
    refused.strays.map(({ error }) => error?.code),
    ["TOO_MANY_PROGRAMS"],
  );
  await programs[0]?.close();
  await eventually(async () => {
    const next = await LocalProgram.connect(path);
    const isServed = await next.call("status").then(
      ({ result }) => result !== undefined,
      () => false,
    );
    await next.close();
    return isServed;
  });
});

test("more calls than may be open are refused and not begun, and a second next while one waits", async (t) => {
  const { path, calls } = await serving(t, (call) =>
    call.call === "status" ? echo(call) : new Promise(() => undefined),
  );
  const program = await LocalProgram.connect(path);
  t.after(() => program.close());
  void program.call("next").catch(() => undefined);
  assert.equal((await program.call("next")).error?.code, "TOO_MANY_CALLS");
  assert.deepEqual(await program.result("status"), { is: "status" });
  for (let i = 1; i < CALLS_OPEN_MAX; i++) void program.call("lookup", { address: "a@b.c" }).catch(() => undefined);
  assert.equal((await program.call("status")).error?.code, "TOO_MANY_CALLS");
  await eventually(() => calls.length === CALLS_OPEN_MAX + 1);
});

test("calls of several programs take turns, and what a program asked before it went is not begun", async (t) => {
  const order: string[] = [];
  const path = place(t);
  const server = new LocalServer({
    onCall: (connection, call) => void order.push(`${connection}:${call.id}`),
    onGone: (connection) => void order.push(`${connection} gone`),
  });
  await server.listen(path);
  t.after(() => server.close());
  const first = await LocalProgram.connect(path);
  const lines = [0, 1, 2].map((id) => `{"id":${id},"call":"status"}\n`).join("");
  await first.write(lines);
  await new Promise((resolve) => setImmediate(resolve));
  const second = await LocalProgram.connect(path);
  await second.write(lines);
  server.more();
  await eventually(() => order.length === 1);
  // Both have asked by the time that each has its first turn.
  await eventually(() => {
    server.more();
    return order.length >= 3;
  });
  await first.close();
  await eventually(() => order.includes("0 gone"));
  for (let i = 0; i < 9; i++) server.more();
  await eventually(() => order.includes("1:2"));
  assert.equal(order[0], "0:0");
  assert.equal(
    order.slice(order.indexOf("0 gone")).some((one) => one.startsWith("0:")),
    false,
  );
  await second.close();
  await eventually(() => order.includes("1 gone"));
});

test("two programs with all the calls that they may have open get one turn after the other, and none before one is wanted", async (t) => {
  const turns: number[] = [];
  const path = place(t);
  const server = new LocalServer({ onCall: (connection) => void turns.push(connection), onGone: () => undefined });
  await server.listen(path);
  t.after(() => server.close());
  for (let i = 0; i < 2; i++) {
    const program = await LocalProgram.connect(path);
    t.after(() => program.close());
    for (let n = 0; n < CALLS_OPEN_MAX; n++) void program.call("status").catch(() => undefined);
    // One too many is answered at once: by then the server has read all before it.
    assert.equal((await program.call("status")).error?.code, "TOO_MANY_CALLS");
  }
  assert.deepEqual(turns, []);
  for (let n = 0; n < 2 * CALLS_OPEN_MAX; n++) {
    server.more();
    assert.equal(turns.length, n + 1);
  }
  assert.deepEqual(
    turns,
    Array.from({ length: 2 * CALLS_OPEN_MAX }, (_, n) => n % 2),
  );
});

test("from a program that does not read its answers nothing more is read, and all is answered when it does", async (t) => {
  let begun = 0;
  const { program } = await inThisThread(t, (server, connection, id) => {
    begun++;
    setImmediate(() => server.answer(connection, id, { result: { body: new Uint8Array(2 ** 16) } }));
  });
  program.deafen();
  const calls = 20_000;
  const sent = program.write(Array.from({ length: calls }, (_, id) => `{"id":${id},"call":"status"}\n`).join(""));
  await eventually(() => begun >= CALLS_OPEN_MAX);
  for (let i = 0; i < 1_000; i++) await new Promise((resolve) => setImmediate(resolve));
  // What the system holds of the answers, and the calls of a few pieces that were read before it was full.
  assert.ok(begun <= 4 * CALLS_OPEN_MAX, `${begun} of ${calls}`);
  program.listen();
  await sent;
  await eventually(() => program.strays.length === calls);
  const codes = new Set(program.strays.map(({ error }) => error?.code));
  assert.deepEqual(codes, new Set([undefined, "TOO_MANY_CALLS"]));
});

test("while a large body is in work, nothing more is read from its program", async (t) => {
  const calls: { connection: number; id: number }[] = [];
  const { program, server } = await inThisThread(t, (_, connection, id) => void calls.push({ connection, id }));
  const body = Buffer.alloc(2 ** 21, 1).toString("base64url");
  const answers = [0, 1, 2].map(() => program.call("send", { to: "a@b.c", body }));
  for (const [index, answer] of answers.entries()) {
    await eventually(() => calls.length > index);
    for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
    const [{ connection, id }] = calls.slice(index) as [(typeof calls)[0]];
    assert.equal(calls.length, index + 1);
    server.answer(connection, id, { result: {} });
    assert.deepEqual((await answer).result, {});
  }
});

/** A server that hands over every call at once, and a program at it. */
async function inThisThread(
  t: TestContext,
  called: (server: LocalServer, connection: number, id: number) => void,
): Promise<{ server: LocalServer; program: LocalProgram }> {
  const path = place(t);
  const server = new LocalServer({
    onCall(connection, { id }) {
      called(server, connection, id);
      server.more();
    },
    onGone: () => undefined,
  });
  await server.listen(path);
  t.after(() => server.close());
  server.more();
  const program = await LocalProgram.connect(path);
  t.after(() => program.close());
  return { server, program };
}

/** Looks again and again; a test that waits in vain is ended by its runner. */
async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
