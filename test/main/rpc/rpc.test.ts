import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "#main/contract/connect.ts";
import { api, ERROR_CODES, type ErrorCode, type Handlers, type Method } from "#main/contract/contract.ts";
import { CallError } from "#main/contract/port.ts";
import { MainError, toMainError } from "#main/error.ts";
import { memoryPorts } from "#main/rpc/memory-port.ts";
import { serve } from "#main/rpc/serve.ts";
import { en } from "#renderer/text/en.ts";
import { TRANSPORT_ERRORS, TransportError, type TransportErrorCode } from "#transport/core/errors.ts";

const STATE = { stage: "new", version: "1" } as const;

test("a call reaches its handler and its answer comes back", async () => {
  const { client } = linked({ "app.state": async () => STATE });
  assert.deepEqual(await client["app.state"]({}), STATE);
});

test("input outside the contract never reaches a handler", async () => {
  let reached = false;
  const { client } = linked({
    "mail.list": async () => {
      reached = true;
      return { conversations: [], unread: 0 };
    },
  });
  for (const input of [
    {},
    { folder: "inbox", limit: 0 },
    { folder: "inbox", limit: 1, more: 1 },
    { folder: "../etc", limit: 1 },
  ])
    await assert.rejects(client["mail.list"](input as never), { code: "BAD_INPUT" });
  assert.equal(reached, false);
});

test("names that every object inherits are unknown methods", async () => {
  const [program, window] = memoryPorts();
  serve(program, handlers({}));
  for (const method of ["constructor", "toString", "__proto__", "hasOwnProperty", "mail.nothing", ""]) {
    const answer = new Promise<string>((resolve) => window.onMessage(resolve));
    window.send(JSON.stringify({ id: 1, method, input: {} }));
    assert.deepEqual(JSON.parse(await answer), { id: 1, error: { code: "UNKNOWN_METHOD" } });
  }
});

test("a code crosses; a text, a path or a foreign code does not", async () => {
  const reports: unknown[] = [];
  const failures = [
    new MainError("LOCKED", { detail: "secret /home/user" }),
    Object.assign(new Error("ENOENT: no such file '/home/user/starling.key'"), { code: "ENOENT" }),
    new TypeError("undefined is not a function"),
  ];
  const [program, window] = memoryPorts();
  const texts: string[] = [];
  serve(
    {
      ...port(program),
      send: (json) => {
        texts.push(json);
        program.send(json);
      },
    },
    handlers({ "app.state": async () => Promise.reject(failures[texts.length]) }),
    (error) => reports.push(error),
  );
  const { client } = connect(window);
  await assert.rejects(client["app.state"]({}), { code: "LOCKED", message: "LOCKED" });
  await assert.rejects(client["app.state"]({}), { code: "INTERNAL" });
  await assert.rejects(client["app.state"]({}), { code: "INTERNAL" });
  assert.ok(!texts.join().includes("home"));
  assert.equal(reports.length, 2);
});

/** Of a name that both tables have, the transport means something else. */
const OWN_MEANING: Partial<Record<TransportErrorCode, ErrorCode>> = {
  NO_ACCOUNT: "DEVICE_UNKNOWN",
  NAME_TAKEN: "ADDRESS_TAKEN",
  RECORD_EXPIRED: "KEY_EXPIRED",
  VERSION_NEWER: "PROGRAM_TOO_OLD",
};

test("every error of the transport that a handler lets through reaches the window as one of the contract's, with words for it", async () => {
  const reports: unknown[] = [];
  let thrown: unknown;
  const [program, window] = memoryPorts();
  const failing = handlers({ "app.state": async () => Promise.reject(thrown) });
  serve(program, failing, (error) => reports.push(error));
  const { client } = connect(window);
  for (const code of Object.keys(TRANSPORT_ERRORS) as TransportErrorCode[]) {
    thrown = new TransportError(code, "secret detail");
    const error: unknown = await client["app.state"]({}).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    assert.ok(error instanceof CallError, code);
    assert.ok(ERROR_CODES.includes(error.code), `${code} became ${error.code}`);
    assert.equal(error.code, toMainError(thrown).code, code);
    if (code in OWN_MEANING) assert.equal(error.code, OWN_MEANING[code]);
    const { what, safe, todo } = en.errors[error.code];
    for (const sentence of [what, safe, todo]) assert.match(sentence, /^\p{Lu}.+\.$/u);
  }
  // Bytes that are not of their form are nothing a user could do something about: a bug, or a lying provider.
  const codes = reports.map((error) => (error as TransportError).code);
  assert.deepEqual(codes.toSorted(), ["MALFORMED", "SEAL_FAILED", "UNWRAP_FAILED"]);
});

test("whoever breaks the envelope is disconnected", async () => {
  for (const junk of [
    "",
    "null",
    "[]",
    "{",
    '{"id":-1,"method":"app.state","input":{}}',
    '{"id":0,"method":"app.state","input":{},"x":1}',
  ]) {
    const [program, window] = memoryPorts();
    serve(program, handlers({}));
    const closed = new Promise<void>((resolve) => window.onClose(resolve));
    window.send(junk);
    await closed;
  }
});

test("an answer outside the contract is INTERNAL at the window, and open calls end when the port closes", async () => {
  const connection = linked({
    "app.state": async () => ({ stage: "nowhere" }) as never,
    "app.lock": () => new Promise(() => {}),
  });
  const { client } = connection;
  await assert.rejects(client["app.state"]({}), { code: "INTERNAL" });
  const open = client["app.lock"]({});
  connection.close();
  await assert.rejects(open, { code: "REFUSED" });
  await assert.rejects(client["app.state"]({}), { code: "REFUSED" });
});

test("events arrive with ids only, until the listener is taken back", async () => {
  const [program, window] = memoryPorts();
  const announce = serve(program, handlers({ "app.state": async () => STATE }));
  const connection = connect(window);
  const { client } = connection;
  const seen: unknown[] = [];
  const stop = connection.on("mail.changed", (data) => seen.push(data));
  announce("mail.changed", { conversationId: "6f2e2c0e-4c1c-4b7e-8f4f-0123456789ab" });
  await client["app.state"]({});
  stop();
  announce("mail.changed", { conversationId: "6f2e2c0e-4c1c-4b7e-8f4f-0123456789ab" });
  await client["app.state"]({});
  assert.deepEqual(seen, [{ conversationId: "6f2e2c0e-4c1c-4b7e-8f4f-0123456789ab" }]);
});

test("the client is frozen and has exactly the contract's methods", () => {
  const { client } = linked({});
  assert.ok(Object.isFrozen(client));
  assert.deepEqual(Object.keys(client), Object.keys(api));
});

function linked(some: Partial<Handlers>) {
  const [program, window] = memoryPorts();
  serve(program, handlers(some));
  return connect(window);
}

function handlers(some: Partial<Handlers>): Handlers {
  const none = Object.fromEntries(
    (Object.keys(api) as Method[]).map((name) => [name, () => Promise.reject(new MainError("NOT_FOUND"))]),
  );
  return { ...(none as unknown as Handlers), ...some };
}

function port(p: ReturnType<typeof memoryPorts>[0]) {
  return {
    send: (json: string) => p.send(json),
    onMessage: (hear: (json: string) => void) => p.onMessage(hear),
    onClose: (hear: () => void) => p.onClose(hear),
    close: () => p.close(),
  };
}
