/**
 * `npm run demo`: a whole network on this machine (three authorities, three layers of two mixes, two providers), two readers,
 * a mail with an attachment through it and an answer back; then the readers' windows stay open.
 *
 *   npm run demo
 *   npm run -s demo -- --once --json [--eml FILE]     one mail, then one JSON object on standard output
 *   npm run demo -- --observe FILE                    what somebody sees who taps every line into a node (docs/spec/14-observer-log.md)
 */

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogWriter } from "#test/observer/log.ts";
import { WireRelay } from "#test/observer/wire-relay.ts";
import { argumentsOrExit } from "#transport/core/command-line.ts";
import { Desktop } from "./desktop.ts";
import { Keeper } from "./keeper.ts";
import { ANSWER, type DemoMail, mailFromFile, ownMail } from "./mail.ts";
import { type DemoNetwork, startNetwork } from "./network.ts";
import { Observations } from "./observations.ts";
import type { Report } from "./report.ts";
import { tellJourney } from "./telling.ts";
import { addressOf, awaitReceipt, makeReport, PASSPHRASE, type Person, receive, settleIn, write } from "./story.ts";

const { values: options } = argumentsOrExit({
  args: process.argv.slice(2),
  options: {
    once: { type: "boolean" },
    json: { type: "boolean" },
    eml: { type: "string" },
    observe: { type: "string" },
  },
  usage: "Usage: npm run demo [-- [--once] [--json] [--eml FILE] [--observe FILE]]",
});
/** After the network's first moment: on a quiet machine all packets' ways are open after two to four seconds. */
const LATE_MILLISECONDS = 15_000;
const STARTED_LATE =
  "A process started too late for the first list of nodes, as on a busy machine. It is in the next one, within three minutes ...";

/** Standard output belongs to the JSON object, if one was asked for. */
const say = (line: string): void => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);

const folder = mkdtempSync(join(tmpdir(), "starling-demo-"));
const toStop: (() => Promise<void>)[] = [];
const keeper = new Keeper({ say });
const interrupted = Promise.withResolvers<void>();
let areWindowsTold = false;
const addressLine = (name: string, url: string): string => `  ${name.padEnd(6)} ${url}`;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.resolve());

try {
  await Promise.race([demo(), interrupted.promise]);
} catch (error) {
  process.exitCode = 1;
  say(error instanceof Error ? error.message : String(error));
  say(`What each process said is in ${join(folder, "logs")}.`);
} finally {
  keeper.close();
  await Promise.all(toStop.map((stop) => stop()));
  if (process.exitCode !== 1) rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function demo(): Promise<void> {
  const mail = options.eml === undefined ? ownMail() : await mailFromFile(options.eml);
  const observations = new Observations();
  say("Starting 3 authorities, 3 layers of 2 mixes and 2 providers, each a process of its own ...");
  const relay = options.observe === undefined ? undefined : observe(options.observe);
  const announce = relay === undefined ? {} : { announce: relay.stand.bind(relay) };
  const network = await startNetwork({ folder, observations, ...announce });
  toStop.push(() => network.stop());

  const alice = person("Alice", "a.example", observations);
  const bob = person("Bob", "b.example", observations);
  say("The authorities agree on who is in the network ...");
  const late = setTimeout(() => say(STARTED_LATE), network.network.genesis + LATE_MILLISECONDS - Date.now());
  await Promise.all([network.flowing(), alice.desktop.ready(), bob.desktop.ready()]).finally(() => clearTimeout(late));
  if (!options.once) keepNetwork(network);
  say("Opening two accounts ...");
  await Promise.all([settleIn(alice, network), settleIn(bob, network)]);

  const report = await deliver({ alice, bob, mail, network, observations });
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = report.delivered ? 0 : 1;
  if (options.once) return;

  await answer(alice, bob);
  say("");
  say(
    "Both windows stay open until you press Ctrl+C. An address works once; when it was used, the next one is printed:",
  );
  for (const { name, desktop } of [alice, bob]) say(addressLine(name, await desktop.url()));
  areWindowsTold = true;
  for (const reader of [alice, bob]) keepDesktop(reader);
  say(`If a window asks for the passphrase, it is: ${PASSPHRASE}`);
  await interrupted.promise;
}

/** From now on: nodes that end before the network stands are a failure of the demo. */
function keepNetwork(network: DemoNetwork): void {
  for (const name of network.processes.keys()) {
    const ended = async (): Promise<string | undefined> => network.processes.get(name)?.ended;
    void keeper.keep({ name, ended, restart: () => network.restart(name), meanwhile: meanwhileWithout(name) });
  }
}

function meanwhileWithout(name: string): string {
  if (name.startsWith("authority-")) return "The other authorities go on agreeing on the list of nodes.";
  return name.startsWith("mix-")
    ? "Packets that meet it meanwhile are lost; what was mail among them is sent again, by other ways."
    : "Mail on its way through it waits, encrypted, and goes on by itself.";
}

function keepDesktop({ name, desktop, domain }: Person): void {
  void keeper.keep({
    name: `${name}'s program`,
    ended: () => desktop.ended(),
    restart: () => desktop.restart(),
    meanwhile: `Mail to ${name} waits at ${domain}.`,
    // Its process tells the address as soon as it has one.
    todo: `It is locked: open the new address above; the passphrase is: ${PASSPHRASE}`,
  });
}

/** Taps every connection into a node and writes the log to a file. */
function observe(path: string): WireRelay {
  const file = openSync(path, "w");
  const log = new LogWriter({ unit: "tls", sink: (text) => void writeSync(file, text) });
  const relay = new WireRelay({ log, now: () => Date.now() });
  toStop.push(async () => {
    await relay.close();
    log.end();
    closeSync(file);
  });
  return relay;
}

function person(name: string, domain: Person["domain"], observations: Observations): Person {
  const onEvent = (event: string, data: unknown): void => {
    if (event === "address" && areWindowsTold) say(addressLine(name, (data as { url: string }).url));
  };
  const desktop = new Desktop({ name, folder, observations, onEvent });
  toStop.unshift(() => desktop.stop());
  return { desktop, name, localPart: name.toLowerCase(), domain };
}

async function deliver(o: {
  alice: Person;
  bob: Person;
  mail: DemoMail;
  network: DemoNetwork;
  observations: Observations;
}): Promise<Report> {
  const { alice, bob, mail, network, observations } = o;
  say(
    `${addressOf(alice)} writes to ${addressOf(bob)}: "${mail.subject}", ${mail.attachments.length} attachment(s) ...`,
  );
  const sent = await write(alice, bob, mail);
  const read = await receive(bob);
  const journey = await awaitReceipt(alice, sent);
  const report = makeReport({ mail, sent, read, journey, knownAt: Date.now(), network, observations });
  for (const line of tellJourney(report, { sentAt: sent.sentAt, from: addressOf(alice), to: addressOf(bob) }))
    say(line);
  return report;
}

async function answer(alice: Person, bob: Person): Promise<void> {
  say("");
  say(`${addressOf(bob)} answers ...`);
  const { conversations } = await bob.desktop.call("mail.list", { folder: "inbox", limit: 1 });
  const conversation = conversations[0];
  if (conversation === undefined) throw new Error("Bob's inbox is empty.");
  const { messages } = await bob.desktop.call("mail.thread", { conversationId: conversation.id });
  const inReplyTo = messages.at(-1)?.id;
  const { id: draftId } = await bob.desktop.call("draft.save", {
    to: [addressOf(alice)],
    subject: `Re: ${conversation.subject}`,
    text: ANSWER,
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
  });
  const sentAt = Date.now();
  await bob.desktop.call("draft.send", { draftId });
  const { message, readAt } = await receive(alice);
  const seconds = ((readAt - sentAt) / 1000).toFixed(1);
  say(`Alice reads "${message.subject}" ${seconds} s later; signature: ${message.signature}.`);
}
