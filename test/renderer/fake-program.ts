/**
 * The program as the window sees it, in memory: it keeps what it is told and answers from that, so a test that sends a mail
 * finds it in the sent folder. Everything passes the real contract on the way in and out. Time is the caller's.
 */

import { connect } from "#main/contract/connect.ts";
import type {
  AppState,
  Attachment,
  Device,
  Draft,
  ErrorCode,
  Handlers,
  Journey,
  NetworkState,
  Offer,
  Recipient,
} from "#main/contract/contract.ts";
import { CallError } from "#main/contract/port.ts";
import { MainError } from "#main/error.ts";
import { memoryPorts } from "#main/rpc/memory-port.ts";
import { type Announce, serve } from "#main/rpc/serve.ts";
import type { Files } from "#renderer/api/files.ts";
import type { Ending } from "#renderer/api/port-websocket.ts";
import type { Program } from "#renderer/api/program.ts";
import {
  ALICE,
  DEVICE_CODE,
  type FakeMail,
  type FakePerson,
  INVITE,
  PASSPHRASE,
  people,
  sampleMail,
  sampleNetwork,
} from "./fake-data.ts";
import { fakeDevices } from "./fake-devices.ts";
import { FakeMailbox } from "./fake-mailbox.ts";

export interface FakeOptions {
  readonly stage?: AppState["stage"];
  readonly now?: () => number;
  readonly mail?: readonly FakeMail[];
  readonly network?: Partial<NetworkState>;
  /** What has left by then, where it matters. */
  readonly departures?: (now: number) => number[];
  readonly devices?: readonly Device[];
  /** A code that a window before this one has asked for. */
  readonly offer?: Offer;
  /** Why the connection ends, when it does. */
  readonly ending?: Ending;
}

export interface FakeProgram extends Program {
  /** What the window asked the outside to do. */
  readonly opened: string[];
  readonly saved: { readonly name: string; readonly bytes: number }[];
  /** Every call that arrived, by name. */
  readonly calls: string[];
  readonly drafts: Map<string, Draft>;
  /** The next call of a method fails with this code. */
  failNext(method: keyof Handlers, code: ErrorCode): void;
  /** Calls of a method wait until the function that comes back is called. */
  hold(method: keyof Handlers): () => void;
  /** A device has joined the account. */
  addDevice(device: Device): void;
  setReader(address: string, state: Recipient["state"], more?: Pick<FakePerson, "boxSeconds">): void;
  setNetwork(part: Partial<NetworkState>): void;
  /** Moves a sent mail along. */
  advance(messageId: string, part: Partial<Journey>): void;
  receive(mail: FakeMail): string;
  disconnect(): void;
}

export function fakeProgram(options: FakeOptions = {}): FakeProgram {
  const now = options.now ?? (() => Date.now());
  const [ours, theirs] = memoryPorts();
  const connection = connect(ours);
  const failures = new Map<string, ErrorCode>();
  const holds = new Map<string, Promise<void>>();
  const calls: string[] = [];
  const opened: string[] = [];
  const saved: { name: string; bytes: number }[] = [];

  /** Until the window is there, nobody hears. */
  let announce: Announce = ignore;
  let nextId = 1;
  const newId = (): string => `00000000-0000-4000-8000-${String(nextId++).padStart(12, "0")}`;
  let state: AppState =
    options.stage === "new"
      ? { stage: "new", version: "0.1.0" }
      : { stage: options.stage ?? "open", address: ALICE.address, name: ALICE.name, version: "0.1.0" };
  const known = new Map<string, FakePerson>(people.map((person) => [person.address, { ...person }]));
  const mailbox = new FakeMailbox({ now, newId, announce: (event, data) => announce(event, data) });
  const { conversations, messages, html, journeys } = mailbox;
  const devices = fakeDevices({ now, devices: options.devices, offer: options.offer });
  const drafts = new Map<string, Draft>();
  let network: NetworkState = { ...sampleNetwork(now()), ...options.network };

  const draftOf = (draftId: string): Draft => drafts.get(draftId) ?? fail("NOT_FOUND");

  function check(address: string): Recipient {
    const person = known.get(address);
    return {
      address,
      name: person?.name ?? "",
      state: person?.state ?? "unknown",
      path: person?.path ?? "mixed",
      provider: address.slice(address.indexOf("@") + 1),
      expectedSeconds: 47,
    };
  }

  const handlers: Handlers = {
    "app.state": async () => state,
    "app.readInvite": async ({ invite }) =>
      invite === INVITE ? { provider: "a.example", network: "Demonstration", kind: "demo" } : fail("BAD_INVITE"),
    "app.join": async ({ code, passphrase }) => {
      if (code !== DEVICE_CODE.replaceAll("-", "")) fail("BAD_DEVICE_CODE");
      if (passphrase.length < 12) fail("WEAK_PASSPHRASE");
      state = { stage: "open", address: ALICE.address, name: ALICE.name, version: "0.1.0" };
      return state;
    },
    "app.create": async ({ name, localPart, passphrase }) => {
      if (localPart === "bob") fail("ADDRESS_TAKEN");
      if (passphrase.length < 12) fail("WEAK_PASSPHRASE");
      state = { stage: "open", address: `${localPart}@a.example`, name, version: "0.1.0" };
      return state;
    },
    "app.unlock": async ({ passphrase }) => {
      if (passphrase !== PASSPHRASE) fail("WRONG_PASSPHRASE");
      state = { ...state, stage: "open" };
      return state;
    },
    "app.lock": async () => {
      state = { ...state, stage: "locked" };
      return state;
    },
    "mail.list": async ({ folder, before, limit }) => {
      const all = mailbox.inFolder(folder);
      const from = before === undefined ? 0 : all.findIndex(({ id }) => id === before.id) + 1;
      return { conversations: all.slice(from, from + limit), unread: all.filter(({ unread }) => unread).length };
    },
    "mail.search": async ({ query, limit }) => ({ conversations: mailbox.search(query).slice(0, limit) }),
    "mail.thread": async ({ conversationId }) => ({
      conversation: conversations.get(conversationId) ?? fail("NOT_FOUND"),
      messages: messages.get(conversationId)!,
    }),
    "mail.html": async ({ messageId }) => ({ html: html.get(messageId) ?? fail("NOT_FOUND") }),
    "mail.markRead": async ({ conversationId }) => (mailbox.markRead(conversationId) ? {} : fail("NOT_FOUND")),
    "mail.journey": async ({ messageId }) => ({ journeys: [journeys.get(messageId) ?? fail("NOT_FOUND")] }),
    "mail.retry": async ({ messageId }) => {
      mailbox.advance(messageId, { delivery: "queued" });
      return {};
    },
    "draft.list": async () => ({ drafts: [...drafts.values()].toSorted((a, b) => b.savedAt - a.savedAt) }),
    "draft.save": async ({ draftId, ...content }) => {
      const before = draftId === undefined ? undefined : draftOf(draftId);
      const draft: Draft = {
        ...content,
        id: draftId ?? newId(),
        attachments: before?.attachments ?? [],
        savedAt: now(),
      };
      drafts.set(draft.id, draft);
      return draft;
    },
    "draft.removeAttachment": async ({ draftId, handle }) => {
      const draft = draftOf(draftId);
      const without = { ...draft, attachments: draft.attachments.filter((file) => file.handle !== handle) };
      drafts.set(draftId, without);
      return without;
    },
    "draft.discard": async ({ draftId }) => {
      drafts.delete(draftId);
      return {};
    },
    "draft.send": async ({ draftId }) => {
      const draft = draftOf(draftId);
      if (draft.to.length === 0) fail("NO_RECIPIENT");
      const to = draft.to.map((address) => ({ address, name: known.get(address)?.name ?? "" }));
      const subject = draft.subject;
      const messageId = mailbox.receive({ from: ALICE, to, subject, text: draft.text, ago: 0, delivery: "queued" });
      drafts.delete(draftId);
      const { conversationId } = [...messages.values()].flat().find(({ id }) => id === messageId)!;
      return { messageId, conversationId, expectedAt: now() + seconds(draft.text.length) * 1_000 };
    },
    "recipient.check": async ({ address }) => check(address),
    "people.suggest": async ({ prefix, limit }) => {
      const word = prefix.toLowerCase();
      const fits = [...known.values()].filter(({ name, address }) => `${name} ${address}`.toLowerCase().includes(word));
      return { people: fits.slice(0, limit).map(({ name, address }) => ({ name, address })) };
    },
    "people.safetyNumber": async ({ address }) => ({
      groups: Array.from({ length: 12 }, (_, index) =>
        String((index * 48_271 + 30_517 * address.length) % 100_000).padStart(5, "0"),
      ),
      verified: known.get(address)?.state === "verified",
      changed: known.get(address)?.state === "changed",
    }),
    "people.setVerified": async ({ address, verified }) => {
      setReader(address, verified ? "verified" : "private");
      return check(address);
    },
    "people.acceptKey": async ({ address }) => {
      setReader(address, "private");
      return check(address);
    },
    ...devices.handlers,
    "devices.rejoin": async ({ code }) => {
      if (code !== DEVICE_CODE.replaceAll("-", "")) fail("BAD_DEVICE_CODE");
      network = { ...network, state: "mixing" };
      announce("network.changed", {});
      return {};
    },
    "network.estimate": async ({ bytes, to = [] }) => ({
      seconds: seconds(bytes) + Math.max(0, ...to.map((address) => known.get(address)?.boxSeconds ?? 0)),
    }),
    "network.state": async () => ({ ...network, departures: options.departures?.(now()) ?? network.departures }),
    "network.setProfile": async ({ profile }) => {
      network = { ...network, profile };
      return network;
    },
  };

  function setReader(address: string, to: Recipient["state"], more: Pick<FakePerson, "boxSeconds"> = {}): void {
    known.set(address, { name: "", path: "mixed", ...known.get(address), ...more, address, state: to });
  }

  const watched = Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [
      name,
      async (input: never) => {
        calls.push(name);
        await holds.get(name);
        const failure = failures.get(name);
        failures.delete(name);
        if (failure !== undefined) fail(failure);
        return (handler as (asked: never) => Promise<unknown>)(input);
      },
    ]),
  ) as unknown as Handlers;
  for (const mail of options.mail ?? sampleMail) mailbox.receive(mail);
  announce = serve(theirs, watched, (error) => {
    throw error;
  });

  const files: Files = {
    async attach(draftId, file) {
      const failure = failures.get("draft.removeAttachment");
      if (failure !== undefined) throw new CallError(failure);
      const added: Attachment = {
        handle: newId(),
        name: file.name,
        type: file.type || "application/octet-stream",
        bytes: file.size,
      };
      const draft = draftOf(draftId);
      drafts.set(draftId, { ...draft, attachments: [...draft.attachments, added] });
      return added;
    },
    fetch: async ({ bytes }) => new Blob([new Uint8Array(bytes)]),
    async importMail(file) {
      const draft = await handlers["draft.save"]({ to: [], subject: file.name, text: await file.text() });
      return draft;
    },
  };

  return {
    connection,
    files,
    ending: () => options.ending ?? "lost",
    openExternal: (url) => void opened.push(url),
    save: (blob, name) => void saved.push({ name, bytes: blob.size }),
    reload: () => {},
    opened,
    saved,
    calls,
    drafts,
    failNext: (method, code) => void failures.set(method, code),
    hold(method) {
      const { promise, resolve: release } = Promise.withResolvers<void>();
      holds.set(method, promise);
      return () => {
        holds.delete(method);
        release();
      };
    },
    addDevice: (device) => devices.add(device),
    setReader,
    setNetwork(part) {
      network = { ...network, ...part };
      announce("network.changed", {});
    },
    advance: (messageId, part) => mailbox.advance(messageId, part),
    receive: (mail) => mailbox.receive(mail),
    disconnect: () => theirs.close(),
  };
}

const seconds = (bytes: number): number => 40 + Math.ceil(bytes / 22_650) * 32;

function ignore(): void {}

function fail(code: ErrorCode): never {
  throw new MainError(code);
}
