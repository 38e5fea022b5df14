/** The library as its guide shows it, against a live network: processes, TLS, a service of the operator's own. docs/integrate.md */

import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FLAGS } from "#test/demo/child.ts";
import { type DemoNetwork, startNetwork } from "#test/demo/network.ts";
import { Observations } from "#test/demo/observations.ts";
import { begin, takeOne, write } from "#test/examples/letters.ts";
import { vote } from "#test/examples/survey.ts";
import { LocalProgram } from "#test/support/local-program.ts";
import { memoryStore } from "#transport";

const fileAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const survey = fileAt("../examples/survey-service.ts");
const command = fileAt("../../transport/local/main.ts");

describe("the library on a live network", () => {
  const folder = mkdtempSync(join(tmpdir(), "starling-library-"));
  let network: DemoNetwork;

  before(async () => {
    const services = [{ name: "survey", module: survey, options: { choices: ["tea", "coffee"] } }];
    const provider = (domain: string): object => (domain === "b.example" ? { services } : {});
    network = await startNetwork({ folder, observations: new Observations(), provider });
    await network.flowing();
  });
  after(async () => {
    await network.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("people vote in a survey that an operator added, and a message waits on a disk for the next start", async () => {
    const counts = await vote({
      invite: await network.invite("a.example"),
      store: await memoryStore(),
      at: "b.example",
      choice: "coffee",
    });
    assert.deepEqual(counts, { tea: 0, coffee: 1 });

    const invite = await network.invite("b.example");
    const key = new Uint8Array(randomBytes(32));
    const open = () => begin(invite, join(folder, "bea"), key);
    const first = await open();
    assert.equal(first.address, "bea@b.example");
    await write(first, first.address, "note to self");
    await first.close();
    const again = await open();
    const taken: string[] = [];
    await takeOne(again, async (_id, body) => void taken.push(new TextDecoder().decode(body)));
    assert.deepEqual(taken, ["note to self"]);
    await again.close();
  });

  it("a program in Python votes, writes and reads through a local client, and kill -9 costs no message", async (t) => {
    const place = join(folder, "pia");
    const socket = join(place, "socket");
    const started: ChildProcess[] = [];
    t.after(() => started.forEach((child) => child.kill("SIGKILL")));
    const start = async (...args: string[]): Promise<ChildProcess> => {
      const child = spawn(process.execPath, [...FLAGS, command, "--folder", place, ...args]);
      started.push(child);
      const lines = createInterface({ input: child.stdout });
      const said = await Promise.race([once(lines, "line"), once(child.stderr, "data"), once(child, "exit")]);
      assert.deepEqual(JSON.parse(String(said[0])), { ready: true, address: "pia@b.example", socket });
      return child;
    };
    const python = async (...args: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)("python3", [fileAt("../examples/survey.py"), socket, ...args]);
      return stdout.trim();
    };

    const first = await start("--invite", await network.invite("b.example"), "--name", "pia");
    for (const name of ["key", "store", "invite", "socket"]) {
      assert.equal(statSync(join(place, name)).mode & 0o777, 0o600, name);
    }
    assert.equal(statSync(place).mode & 0o777, 0o700);
    assert.deepEqual(JSON.parse(await python("vote", "b.example", "tea")), { tea: 1, coffee: 1 });
    await assert.rejects(python("vote", "nowhere.example", "tea"), /REFUSED: .*nowhere\.example/);

    const second = spawn(process.execPath, [...FLAGS, command, "--folder", place]);
    const [refusal] = (await once(second.stderr, "data")) as [Buffer];
    assert.match(refusal.toString(), /runs in this folder already, and goes on/);
    assert.deepEqual(await once(second, "exit"), [1, null]);

    const message = await python("write", "pia@b.example", "note to self");
    first.kill("SIGKILL");
    await once(first, "exit");
    assert.ok(existsSync(socket), "nobody took it away");
    const again = await start();
    const program = await LocalProgram.connect(socket);
    const journey = await program.result("journey", { message });
    assert.equal(journey["bytes"], "note to self".length);
    assert.equal((await program.result("next"))["message"], message);
    // It is killed before it has kept the message, as far as anybody can know.
    await program.close();
    assert.equal(await python("take"), "note to self\ndone");
    again.kill("SIGTERM");
    assert.deepEqual(await once(again, "exit"), [0, null]);
    assert.ok(!existsSync(socket));
  });
});
