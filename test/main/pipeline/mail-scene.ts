/** Two people whose programs share a post office in memory, and what tests ask of them. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Services } from "#main/services.ts";
import { PASSPHRASE, PostOffice } from "#test/support/post-office.ts";

export const ALICE = "alice@a.example";
export const BOB = "bob@b.example";

export async function pair(t: TestContext): Promise<{
  office: PostOffice;
  alice: Services;
  bob: Services;
  dataDirs: string[];
}> {
  const office = await PostOffice.open();
  const dataDirs = [await folder(t), await folder(t)];
  const alice = office.program({ dataDir: dataDirs[0] as string, seed: "alice" });
  const bob = office.program({ dataDir: dataDirs[1] as string, seed: "bob" });
  t.after(async () => {
    await alice.close();
    await bob.close();
  });
  const common = { passphrase: PASSPHRASE };
  await alice.handlers["app.create"]({
    ...common,
    invite: office.invite("a.example"),
    name: "Alice",
    localPart: "alice",
  });
  await bob.handlers["app.create"]({ ...common, invite: office.invite("b.example"), name: "Bob", localPart: "bob" });
  return { office, alice, bob, dataDirs };
}

export async function send(from: Services, o: { to: string[]; subject: string; text: string }): Promise<string> {
  const draft = await from.handlers["draft.save"](o);
  return (await from.handlers["draft.send"]({ draftId: draft.id })).messageId;
}

export async function only(services: Services) {
  const { conversations } = await services.handlers["mail.list"]({ folder: "inbox", limit: 10 });
  const { messages } = await services.handlers["mail.thread"]({ conversationId: conversations[0]?.id as string });
  const message = messages.at(-1);
  assert.ok(message !== undefined);
  return message;
}

export async function journey(services: Services, messageId: string) {
  return (await services.handlers["mail.journey"]({ messageId })).journeys[0];
}

/** Its threads have done what they were asked until now. */
export async function idle({ accounts }: Services): Promise<true> {
  await accounts.session.mailWork.readCertificate({ bytes: new Uint8Array(0), address: "", now: 0 });
  await accounts.session.store.cursor();
  return true;
}

/** Asks again at every turn of the event loop; the work asked about goes on in another thread. */
export async function until(ask: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 100_000; turn++) {
    if (await ask()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail("it did not happen");
}

export async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "starling-main-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
