import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { CONNECTIONS } from "#main/host/egress.ts";

const ROOT = new URL("../../../", import.meta.url);

test("every module of the program that can open a socket is in the egress table, and opens what it says", async () => {
  const found: string[] = [];
  for (const folder of ["main", "transport"]) {
    for (const entry of await readdir(new URL(folder, ROOT), { recursive: true })) {
      const path = `${folder}/${entry}`;
      if (!path.endsWith(".ts")) continue;
      const text = await readFile(new URL(path, ROOT), "utf8");
      const opens =
        /import \{[^}]*\b(?:connect|createConnection|createServer|WebSocketServer)\b[^}]*\} from "(?:node:|ws)/.test(
          text,
        );
      if (opens || /\bfetch\(/.test(text.replace(/^.*(?:\*|\/\/).*$/gm, ""))) found.push(path);
    }
  }
  // Nodes listen, and the local client, which is a program of its own; the desktop never makes one of these.
  const ofOthers = new Set([
    "transport/link/tls-listener.ts",
    "transport/link/web-listener.ts",
    "transport/local/server.ts",
  ]);
  assert.deepEqual(
    new Set(found.filter((path) => !ofOthers.has(path))),
    new Set(CONNECTIONS.map((connection) => connection.openedBy)),
  );
});
