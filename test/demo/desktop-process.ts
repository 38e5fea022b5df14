/**
 * One reader's desktop in its own process: the browser host as it is, with an observer that tells the demo what leaves. The
 * demo's orders go through the contract, on a port of their own beside the window's.
 */

import { mkdirSync } from "node:fs";
import { connect } from "#main/contract/connect.ts";
import type { Attachment, Draft, Message, Method } from "#main/contract/contract.ts";
import { compose } from "#main/host/compose.ts";
import { startLoopbackHost } from "#main/host/loopback.ts";
import { memoryPorts } from "#main/rpc/memory-port.ts";
import { type ClientObserver, SystemRandom, toHex } from "#transport";
import { EVENTS, type Read } from "./desktop.ts";
import { sha256, withLineFeeds } from "./mail.ts";
import type { FragmentSeen, FragmentTaken, SlotSeen } from "./observations.ts";
import { endWithParent, obey, tell, tellReady } from "./parent.ts";

const observer: ClientObserver = {
  slotSent: ({ carried, at }) => tell("slot", { carried, at } satisfies SlotSeen),
  fragmentSent: ({ messageId, index, tags, at }) => {
    const seen = { messageId: toHex(messageId), index, tags: tags.map((tag) => toHex(tag)), at };
    tell("fragment", seen satisfies FragmentSeen);
  },
  fragmentTaken: ({ messageId, index, at }) =>
    tell("taken", { messageId: toHex(messageId), index, at } satisfies FragmentTaken),
};

const dataDir = process.argv[2] as string;
mkdirSync(dataDir, { recursive: true, mode: 0o700 });
const program = compose({ dataDir, observer, report: (error) => console.error(error) });
const host = await startLoopbackHost({
  web: program.web,
  random: new SystemRandom(),
  serve: (port) => program.services.serve(port),
  // The first is asked for; each works once, and another is told when it was used.
  opened: (url) => tell("address", { url }),
});

/** The demo's own way in, as the window's: schemas, codes and events included. */
const [ours, theirs] = memoryPorts();
program.services.serve(theirs);
const connection = connect(ours);
const { client } = connection;
for (const name of EVENTS) connection.on(name, (data) => tell(name, data));

endWithParent(async () => {
  await host.close();
  await program.close();
});
obey({
  call: ({ method, input }: { method: Method; input: never }) => client[method](input),
  attach: ({ draftId, name, type, base64 }: { draftId: string; name: string; type: string; base64: string }) => {
    const query = new URLSearchParams({ name, type });
    return put<Attachment>(`draft/${draftId}/attachment?${query.toString()}`, base64);
  },
  importMail: ({ base64 }: { base64: string }) => put<Draft>("draft/import", base64),
  read,
  /** Leads to the window; works once. */
  url: () => host.url,
});
tellReady(undefined);

async function read({ messageId, conversationId }: { messageId: string; conversationId: string }): Promise<Read> {
  const { messages } = await client["mail.thread"]({ conversationId });
  const message = messages.find(({ id }) => id === messageId) as Message;
  const attachments = await Promise.all(
    message.attachments.map(async ({ handle, name }) => {
      const bytes = new Uint8Array(await (await ask("GET", `attachment/${handle}`)).arrayBuffer());
      return { name, bytes: bytes.length, sha256: sha256(bytes) };
    }),
  );
  return { message, bodySha256: sha256(withLineFeeds(await bodyOf(message))), attachments, readAt: Date.now() };
}

/** The text, or the HTML of a mail that came with nothing else. */
async function bodyOf({ id, text, hasHtml }: Message): Promise<string> {
  if (text !== "" || !hasHtml) return text;
  const { html } = await client["mail.html"]({ messageId: id });
  return html;
}

async function put<T>(path: string, base64: string): Promise<T> {
  return (await ask("PUT", path, Buffer.from(base64, "base64"))).json() as Promise<T>;
}

/** A request as the window makes it, past the sockets. */
async function ask(method: string, path: string, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
  const response = await program.web(
    new Request(`http://127.0.0.1/${path}`, { method, ...(body === undefined ? {} : { body }) }),
  );
  if (response.ok) return response;
  throw new Error(`${method} ${path.split("?")[0]}: ${await response.text()}`);
}
