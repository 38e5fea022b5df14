import assert from "node:assert/strict";
import { test } from "node:test";
import { admitRequest, admitUpgrade } from "#main/host/admit.ts";

const token = new Uint8Array(32).fill(7);
const text = Buffer.from(token).toString("base64url");
const expected = { port: 4321, tokens: [token] };
const good = {
  host: "127.0.0.1:4321",
  origin: "http://127.0.0.1:4321",
  "sec-websocket-protocol": `starling.v1, ${text}`,
  authorization: `Bearer ${text}`,
};
const other = Buffer.from(new Uint8Array(32)).toString("base64url");

const UPGRADES: [string, Record<string, string | undefined>, string | undefined][] = [
  ["our own page", {}, undefined],
  ["no Host", { host: undefined }, "BAD_HOST"],
  ["a name that points to 127.0.0.1", { host: "evil.example:4321" }, "BAD_HOST"],
  ["localhost", { host: "localhost:4321" }, "BAD_HOST"],
  ["another port in Host", { host: "127.0.0.1:80" }, "BAD_HOST"],
  ["no Origin", { origin: undefined }, "BAD_ORIGIN"],
  ["the origin null of a sandboxed frame", { origin: "null" }, "BAD_ORIGIN"],
  ["another page", { origin: "https://evil.example" }, "BAD_ORIGIN"],
  ["another port's page", { origin: "http://127.0.0.1:80" }, "BAD_ORIGIN"],
  ["https of the same name", { origin: "https://127.0.0.1:4321" }, "BAD_ORIGIN"],
  ["no protocol", { "sec-websocket-protocol": undefined }, "BAD_TOKEN"],
  ["no token", { "sec-websocket-protocol": "starling.v1" }, "BAD_TOKEN"],
  ["an empty token", { "sec-websocket-protocol": "starling.v1, " }, "BAD_TOKEN"],
  ["another token", { "sec-websocket-protocol": `starling.v1, ${other}` }, "BAD_TOKEN"],
  ["a shorter token", { "sec-websocket-protocol": `starling.v1, ${text.slice(0, 40)}` }, "BAD_TOKEN"],
  ["another protocol", { "sec-websocket-protocol": `other.v1, ${text}` }, "BAD_TOKEN"],
  ["more than two protocols", { "sec-websocket-protocol": `starling.v1, ${text}, x` }, "BAD_TOKEN"],
];

for (const [what, change, refusal] of UPGRADES) {
  test(`an upgrade with ${what} is ${refusal ?? "let in"}`, () => {
    assert.equal(admitUpgrade({ ...good, ...change }, expected), refusal);
  });
}

const REQUESTS: [string, string, Record<string, string | undefined>, string | undefined][] = [
  ["a GET of our own page", "GET", { origin: undefined }, undefined],
  ["a PUT of our own page", "PUT", {}, undefined],
  ["a PUT without Origin", "PUT", { origin: undefined }, "BAD_ORIGIN"],
  ["a GET of another page", "GET", { origin: "https://evil.example" }, "BAD_ORIGIN"],
  ["a GET without a token", "GET", { authorization: undefined }, "BAD_TOKEN"],
  ["a GET with a token of another kind", "GET", { authorization: `Basic ${text}` }, "BAD_TOKEN"],
  ["a GET with another token", "GET", { authorization: `Bearer ${other}` }, "BAD_TOKEN"],
  ["a GET to another Host", "GET", { host: "evil.example" }, "BAD_HOST"],
];

for (const [what, method, change, refusal] of REQUESTS) {
  test(`${what} is ${refusal ?? "let in"}`, () => {
    assert.equal(admitRequest({ method, headers: { ...good, ...change } }, expected), refusal);
  });
}

test("before there is a session nobody's token is right", () => {
  assert.equal(admitRequest({ method: "GET", headers: good }, { port: 4321, tokens: [] }), "BAD_TOKEN");
});
