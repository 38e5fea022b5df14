/**
 * Whether mail holds up the thread whose ticks say when packets leave (docs/spec/04-traffic.md §6): the whole program, from
 * the window's calls down to the store, takes a large mail out and in while a timer looks at the thread. In the same run,
 * for scale: the thread at rest, and a planted fault, the same mail sealed and opened on the thread itself.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BOUNDARIES } from "#main/mail-work/limits.ts";
import { MailTasks } from "#main/mail-work/tasks.ts";
import type { Services } from "#main/services.ts";
import { createWeb, type Web } from "#main/host/web.ts";
import { boundary, keyholder, mailFrom, NOW, outerFor } from "#test/support/mail-keys.ts";
import { PASSPHRASE, PostOffice } from "#test/support/post-office.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { type HeldUp, watchLoop } from "./loop-watch.ts";

/** The spec's quiet moment: work that a mail sets off may hold the thread up no longer than this. */
const WORK_BAR_MS = 10;
const ROUNDS = 5;
const ALICE = "alice@a.example";
const BOB = "bob@b.example";

interface Row extends HeldUp {
  readonly what: string;
  /** `workMs` as a multiple of the same at rest. */
  readonly ratio: number;
}

/** True when no step of a mail's way holds the thread up longer than the bar, and the planted fault does. */
export async function runClientBench({ json }: { json: boolean }): Promise<boolean> {
  const bytes = 10_000_000;
  const dataDirs = [await folder(), await folder()];
  const { office, alice, bob } = await twoPrograms(dataDirs);
  const file = new SystemRandom().bytes(bytes);
  const rest: HeldUp[] = [];
  const steps = new Map<string, HeldUp[]>();
  const watch = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    rest.push(await watchLoop(() => new Promise((resolve) => setTimeout(resolve, 500))));
    steps.set(what, [...(steps.get(what) ?? []), await watchLoop(work)]);
  };
  const pages = {
    alice: createWeb({ files: alice.files, pageDir: "" }),
    bob: createWeb({ files: bob.files, pageDir: "" }),
  };
  for (let round = 0; round <= ROUNDS; round++) {
    if (round === 1) steps.clear(); // the first is for the compiler
    const draft = await alice.handlers["draft.save"]({ to: [BOB], subject: "bench", text: "bench" });
    await watch("attach 10 MB", () => upload(pages.alice, draft.id, file));
    await watch("seal and store it", () => alice.handlers["draft.send"]({ draftId: draft.id }));
    await watch("open, verify, parse and store it", () => office.deliver());
    const handle = await newestFile(bob);
    await watch("save the attachment", () => download(pages.bob, handle));
    const text = "twenty words or so on a line, that is what people write when they paste a log. ".repeat(25_000);
    await watch("save a draft of 2 million characters", () =>
      alice.handlers["draft.save"]({ to: [BOB], subject: "bench", text }),
    );
    await watch("list, search and read", async () => {
      const { conversations } = await bob.handlers["mail.list"]({ folder: "inbox", limit: 200 });
      await bob.handlers["mail.search"]({ query: "bench", limit: 100 });
      for (const { id } of conversations) await bob.handlers["mail.thread"]({ conversationId: id });
    });
    await watch("planted fault: seal and open on this thread", await onThisThread(file));
  }
  await alice.close();
  await bob.close();
  for (const dataDir of dataDirs) await rm(dataDir, { recursive: true });

  const restMs = median(rest, (one) => one.workMs);
  const rows = [["at rest", rest] as const, ...steps].map(([what, all]) => summary(what, all, restMs));
  const [fault] = rows.splice(-1);
  const over = rows.filter(({ workMs }) => workMs > WORK_BAR_MS);
  const passed = over.length === 0 && (fault?.workMs ?? 0) > WORK_BAR_MS;
  if (json)
    console.log(JSON.stringify({ bench: "client", bytes, workBarMs: WORK_BAR_MS, passed, rows, fault }, null, 2));
  else print(fault === undefined ? rows : [...rows, fault]);
  for (const { what, workMs } of over)
    console.error(`${what}: ${workMs.toFixed(1)} ms in one go; the bar is ${WORK_BAR_MS}`);
  return passed;
}

/** The worst round of each would be the worst moment of the machine: the median round says what the work does. */
function summary(what: string, all: readonly HeldUp[], restMs: number): Row {
  const workMs = median(all, (one) => one.workMs);
  const [lateMs, late99Ms] = [median(all, (one) => one.lateMs), median(all, (one) => one.late99Ms)];
  return { what, workMs, lateMs, late99Ms, ratio: workMs / restMs };
}

const median = (all: readonly HeldUp[], pick: (one: HeldUp) => number): number =>
  all.map(pick).toSorted((a, b) => a - b)[Math.floor(all.length / 2)] as number;

async function twoPrograms(
  dataDirs: readonly string[],
): Promise<{ office: PostOffice; alice: Services; bob: Services }> {
  const office = await PostOffice.open();
  const [alice, bob] = ["alice", "bob"].map((seed, i) => office.program({ dataDir: dataDirs[i] as string, seed }));
  if (alice === undefined || bob === undefined) throw new Error("there are two");
  for (const [program, domain, localPart] of [
    [alice, "a.example", "alice"],
    [bob, "b.example", "bob"],
  ] as const)
    await program.handlers["app.create"]({
      invite: office.invite(domain),
      name: "",
      localPart,
      passphrase: PASSPHRASE,
    });
  return { office, alice, bob };
}

/** In pieces, as a socket gives them. */
async function upload(web: Web, draftId: string, file: Uint8Array): Promise<void> {
  const pieces = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (let at = 0; at < file.length; at += 65_536) {
        controller.enqueue(file.slice(at, at + 65_536));
        await new Promise((resolve) => setImmediate(resolve));
      }
      controller.close();
    },
  });
  const url = `http://127.0.0.1/draft/${draftId}/attachment?name=a&type=a/b`;
  const answer = await web(new Request(url, { method: "PUT", body: pieces, duplex: "half" }));
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
}

async function download(web: Web, handle: string): Promise<void> {
  const answer = await web(new Request(`http://127.0.0.1/attachment/${handle}`));
  if (answer.status !== 200 || answer.body === null) throw new Error(`status ${answer.status}`);
  for await (const piece of answer.body) if (piece.length === 0) throw new Error("an empty piece");
}

async function newestFile({ handlers }: Services): Promise<string> {
  const { conversations } = await handlers["mail.list"]({ folder: "inbox", limit: 1 });
  const { messages } = await handlers["mail.thread"]({ conversationId: conversations[0]?.id as string });
  return messages.at(-1)?.attachments[0]?.handle as string;
}

async function onThisThread(file: Uint8Array): Promise<() => Promise<void>> {
  const [sender, reader] = [await keyholder(ALICE), await keyholder(BOB)];
  const [seals, opens] = [new MailTasks(), new MailTasks()];
  await seals.unlock(sender.pair.privateKey);
  await opens.unlock(reader.pair.privateKey);
  const mail = mailFrom(ALICE, BOB, { attachments: [{ name: "a", type: "a/b", bytes: file }] });
  return async () => {
    const boundaries = Array.from({ length: BOUNDARIES }, boundary);
    const copies = [{ outer: outerFor(ALICE), address: BOB, certificate: reader.certificate.bytes, boundaries }];
    const [message] = await seals.seal({ mail, copies, messageBytesMax: 2 ** 30, now: NOW });
    const senders = [{ address: ALICE, certificate: sender.certificate.bytes }];
    await opens.open({ message: message as Uint8Array, senders, now: NOW, receivedAt: NOW });
  };
}

function print(rows: readonly Row[]): void {
  console.log(`Longest in one go on the thread that ticks, median of ${ROUNDS} rounds:\n`);
  console.log(`${"".padEnd(46)}work ms   × rest   late ms   late 99 %`);
  for (const { what, workMs, ratio, lateMs, late99Ms } of rows)
    console.log(
      what.padEnd(44) +
        workMs.toFixed(1).padStart(9) +
        ratio.toFixed(1).padStart(9) +
        lateMs.toFixed(1).padStart(10) +
        late99Ms.toFixed(1).padStart(14),
    );
}

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), "starling-bench-"));
