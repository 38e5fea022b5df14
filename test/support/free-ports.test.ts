import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { freePorts } from "./free-ports.ts";

test("ports for later are different ones, can be listened on, and are none that the system gives out by itself", async () => {
  const ports = await freePorts(50);
  assert.equal(new Set(ports).size, 50);
  const servers = ports.map((port) => createServer().listen(port, "127.0.0.1"));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));
  const given = createServer();
  await new Promise<void>((resolve) => given.listen(0, "127.0.0.1", resolve));
  assert.ok(Math.max(...ports) < (given.address() as { port: number }).port);
  await Promise.all([...servers, given].map((server) => new Promise((resolve) => server.close(resolve))));
});
