import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { url as inspectorUrl } from "node:inspector";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { OPERATOR_RESTART_WAIT, OPERATOR_SILENCE_MAX } from "#provider-server/services/limits.ts";
import { OperatorService, type OperatorServiceOptions } from "#provider-server/services/operator-service.ts";
import { keptLog } from "#test/support/kept-log.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { utf8 } from "#transport/core/bytes.ts";
import { milliseconds } from "#transport/core/units.ts";

const survey = fileURLToPath(new URL("../../examples/survey-service.ts", import.meta.url));
const broken = fileURLToPath(new URL("../../support/broken-service.ts", import.meta.url));

async function start(
  t: TestContext,
  module: string,
  { options = {}, ...files }: Partial<Pick<OperatorServiceOptions, "options" | "folder" | "reads">> = {},
) {
  const clock = new VirtualClock();
  const { log, lines } = keptLog(clock);
  const service = await OperatorService.start({ name: "own", module, options, ...files, clock, log });
  t.after(() => service.stop());
  const ask = async (text: string): Promise<string | undefined> => {
    const answer = await service.answer(utf8(text));
    return answer && new TextDecoder().decode(answer);
  };
  return { clock, lines, service, ask };
}

test("a survey counts each ballot once, and does not count what was never on offer", async (t) => {
  const { ask } = await start(t, survey, { options: { choices: ["yes", "no"] } });
  for (const [ballot, choice] of [
    ["1", "yes"],
    ["2", "no"],
    ["1", "yes"],
    ["3", "maybe"],
  ]) {
    await ask(JSON.stringify({ ballot, choice }));
  }
  assert.equal(await ask(JSON.stringify({ ballot: "4", choice: "yes" })), '{"yes":2,"no":1}');
  assert.equal(await ask("no question"), undefined);
});

test("a module that is not there, exports nothing or fails at once is the configuration's fault, in one sentence", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-service-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [foreign, other] = [join(folder, "foreign.mjs"), join(folder, "other.mjs")];
  writeFileSync(foreign, 'import "./other.mjs";\n');
  writeFileSync(other, "export {};\n");
  const clock = new VirtualClock();
  const { log } = keptLog(clock);
  for (const [module, options, sentence] of [
    [`${survey}.none`, {}, /own: .*none does not start \(/],
    [fileURLToPath(new URL("../../support/errors.ts", import.meta.url)), {}, /expected it to export createService/],
    [broken, { begin: "throw" }, /does not start \(not today\)/],
    [foreign, {}, new RegExp(`does not start \\(it may not read ${other}: what it needs belongs into "reads"\\)`)],
  ] as const) {
    const starting = OperatorService.start({ name: "own", module, options, clock, log });
    await assert.rejects(
      starting,
      (error: Error) => "code" in error && error.code === "CONFIG" && sentence.test(error.message),
    );
  }
});

test("a service that throws, or answers with something else than bytes, answers nothing and goes on", async (t) => {
  const { ask } = await start(t, broken);
  assert.deepEqual([await ask("throw"), await ask("text"), await ask("hello")], [undefined, undefined, "hello"]);
});

test("a service learns nothing of what the daemon was started with", async (t) => {
  const { ask } = await start(t, broken);
  assert.equal(await ask("environment"), '{"names":[],"argv":[]}');
});

test("a service reads what it was given, writes in its folder, and reaches no other file, program or thread", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-service-"));
  const elsewhere = mkdtempSync(join(tmpdir(), "starling-keys-"));
  t.after(() => [folder, elsewhere].forEach((each) => rmSync(each, { recursive: true })));
  writeFileSync(join(elsewhere, "key"), "secret");
  writeFileSync(join(elsewhere, "list"), "given");
  const { ask } = await start(t, broken, { folder, reads: [join(elsewhere, "list")] });
  assert.equal(await ask(`write ${join(folder, "counts")}`), "written");
  assert.equal(await ask(`read ${join(folder, "counts")}`), "written");
  assert.equal(await ask(`read ${join(elsewhere, "list")}`), "given");
  for (const beyond of [
    `read ${join(elsewhere, "key")}`,
    `write ${join(elsewhere, "list")}`,
    `write ${join(elsewhere, "new")}`,
    `read ${fileURLToPath(import.meta.url)}`,
    `run ${process.execPath}`,
    "thread",
  ]) {
    assert.equal(await ask(beyond), undefined, beyond);
  }
  assert.equal(await ask("hello"), "hello", "it was told no, and goes on");
});

for (const end of ["exit", "abort"])
  test(`a service whose process ends by ${end} is begun again, and what it was asked meanwhile goes unanswered`, async (t) => {
    const { clock, lines, ask } = await start(t, broken);
    assert.deepEqual(await Promise.all([ask(end), ask("hello")]), [undefined, undefined]);
    assert.equal(await ask("hello"), undefined);
    await clock.runFor(OPERATOR_RESTART_WAIT);
    while ((await ask("hello")) === undefined) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(lines, ["the service own ended; it is begun again"]);
  });

for (const [what, message] of [
  ["null", "nothing that is a message"],
  ["unasked", "an answer that nobody waits for"],
  ["words", "an answer that is no bytes"],
] as const)
  test(`a service that sends the daemon ${message} is ended, and begun again`, async (t) => {
    const { clock, lines, ask } = await start(t, broken);
    await ask(what);
    while (lines.length < 2) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(lines, [
      "the service own said what nobody asked; it is ended",
      "the service own ended; it is begun again",
    ]);
    await clock.runFor(OPERATOR_RESTART_WAIT);
    while ((await ask("hello")) === undefined) await new Promise((resolve) => setImmediate(resolve));
  });

test("a service that cannot begin again is tried until it can", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-service-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const locked = join(folder, "locked");
  const { clock, lines, ask } = await start(t, broken, { options: { begin: `unless ${locked}` }, folder });
  writeFileSync(locked, "");
  await ask("exit");
  for (let tries = 2; tries < 5; tries++) {
    await clock.runFor(OPERATOR_RESTART_WAIT);
    while (lines.length < tries) await new Promise((resolve) => setImmediate(resolve));
  }
  rmSync(locked);
  await clock.runFor(OPERATOR_RESTART_WAIT);
  while ((await ask("hello")) === undefined) await new Promise((resolve) => setImmediate(resolve));
});

test("a service that hangs as it begins again is ended and tried again", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-service-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const free = join(folder, "free");
  writeFileSync(free, "");
  const { clock, lines, ask } = await start(t, broken, { options: { begin: `hang unless ${free}` }, folder });
  rmSync(free);
  await ask("exit");
  await clock.runFor(OPERATOR_RESTART_WAIT);
  assert.equal(await ask("hello"), undefined);
  await clock.runFor(OPERATOR_SILENCE_MAX);
  while (lines.length < 2) await new Promise((resolve) => setImmediate(resolve));
  writeFileSync(free, "");
  await clock.runFor(OPERATOR_RESTART_WAIT);
  while ((await ask("hello")) === undefined) await new Promise((resolve) => setImmediate(resolve));
});

test("a service does not open the daemon's debugger", async (t) => {
  const { ask } = await start(t, broken);
  assert.equal(await ask("debugger"), "asked");
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(inspectorUrl(), undefined);
});

test("a service that computes for ever is ended and begun again, and holds up nothing else", async (t) => {
  const { clock, lines, ask } = await start(t, broken);
  const asked = ask("spin");
  await clock.runFor(milliseconds(2 * OPERATOR_SILENCE_MAX + 1));
  assert.equal(await asked, undefined);
  await clock.runFor(OPERATOR_RESTART_WAIT);
  while ((await ask("hello")) === undefined) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(lines, ["the service own does not answer; it is ended", "the service own ended; it is begun again"]);
});

test("a service ends with the daemon, however that ends", async () => {
  const holder = fork(fileURLToPath(new URL("../../support/service-holder.ts", import.meta.url)), { execArgv: [] });
  const [pid] = (await once(holder, "message")) as [number];
  assert.ok(isAlive(pid));
  holder.kill("SIGKILL");
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
