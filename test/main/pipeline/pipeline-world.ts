/** Bob's store and pipeline over a transport that is a list, and mail that Alice seals for him. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Contacts } from "#main/keys/contacts.ts";
import { MailWork } from "#main/mail-work/mail-work.ts";
import { Inbound } from "#main/pipeline/inbound.ts";
import { Outbound } from "#main/pipeline/outbound.ts";
import type { Owner } from "#main/pipeline/owner.ts";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { createStore, type Store } from "#main/store/store.ts";
import { type Keyholder, keyholder, NOW } from "#test/support/mail-keys.ts";
import type { Life } from "#test/support/mortal.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { type ClientStatus, type MailboxRecord, type MessageId, type MixClient, milliseconds, toHex } from "#transport";
import { mailboxId, nodeId } from "#transport/core/units.ts";

export const ALICE = "alice@a.example";
export const BOB = "bob@b.example";
export const random = new SeededRandom("crash");

export async function count(store: Store): Promise<number> {
  const { conversations } = await store.listConversations({ folder: "inbox", limit: 200 });
  return conversations.reduce((sum, { messages }) => sum + messages, 0);
}

/** What the transport has on its disk. */
export class Transport {
  readonly sent: string[] = [];
  readonly incoming = new Map<string, Uint8Array>();
  readonly acknowledged = new Set<string>();
  forgetsIds = false;
  readonly #record: MailboxRecord;

  constructor(record: MailboxRecord) {
    this.#record = record;
  }

  client(): MixClient {
    const client: Partial<MixClient> = {
      status: () => ({ state: "mixing" }) as ClientStatus,
      serves: () => true,
      lookup: async (address) => (address === ALICE ? this.#record : undefined),
      estimate: async () => milliseconds(1),
      send: async ({ id }) => {
        const key = toHex(id as MessageId);
        if (this.forgetsIds || !this.sent.includes(key)) this.sent.push(key);
        return id as MessageId;
      },
      consumed: async (id) => void this.incoming.delete(toHex(id)),
      acknowledge: async ({ messageId: id }) => void this.acknowledged.add(toHex(id)),
    };
    return client as MixClient;
  }
}

export interface World {
  readonly store: Store;
  readonly transport: Transport;
  readonly alice: Keyholder;
  readonly bob: Keyholder;
  /** A new process on the same disk. */
  readonly program: (life?: Life, through?: Store) => { outbound: Outbound; inbound: Inbound; contacts: Contacts };
}

export async function open(t: TestContext): Promise<World> {
  const dataDir = await mkdtemp(join(tmpdir(), "starling-crash-"));
  const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });
  const store = await createStore({ dataDir, keyring, passphrase: "correct horse battery", random });
  const [alice, bob] = [await keyholder(ALICE), await keyholder(BOB)];
  const mailWork = new MailWork({ ownKey: async () => bob.pair.privateKey.slice() });
  t.after(async () => {
    await mailWork.close();
    await store.close();
    await rm(dataDir, { recursive: true });
  });
  const transport = new Transport({
    address: ALICE,
    providerId: nodeId(random.bytes(32)),
    mailboxId: mailboxId(random.bytes(32)),
    mailboxKey: random.bytes(1216),
    validFrom: milliseconds(NOW),
    validUntil: milliseconds(NOW + 10 ** 9),
    certificate: alice.pair.certificate,
    accountKey: random.bytes(32),
  });
  const owner: Owner = { address: BOB, name: "Bob", certificate: bob.certificate };
  const clock = new VirtualClock({ start: milliseconds(NOW) });
  return {
    store,
    transport,
    alice,
    bob,
    program(life, through = store) {
      const client = transport.client();
      const common = {
        store: life?.of(through, STORE_STEPS) ?? through,
        client: life?.of(client, ["lookup", "send", "consumed", "acknowledge"]) ?? client,
        clock,
        random,
        owner,
        mailWork,
      };
      const contacts = new Contacts(common);
      return {
        contacts,
        outbound: new Outbound({ ...common, contacts, messageBytesMax: 2 ** 20 }),
        inbound: new Inbound({ ...common, contacts, changed: () => undefined }),
      };
    },
  };
}

const STORE_STEPS = [
  "draft",
  "attachments",
  "contact",
  "saveContact",
  "addDeparture",
  "unsent",
  "unsentBody",
  "noteFailure",
  "noteHandedOver",
  "addArrival",
  "unsettled",
  "settleMessage",
] as const satisfies readonly (keyof Store)[];
