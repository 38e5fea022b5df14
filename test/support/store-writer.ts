/** A process that stores mails one after the other and names each on its standard output once it is promised; to be killed. */

import { newId } from "#main/store/ids.ts";
import { PassphraseKeyring } from "#main/store/key-file.ts";
import { openStore } from "#main/store/store.ts";
import { messageId } from "#transport/core/units.ts";
import { SystemRandom } from "#transport/core/system-random.ts";

const [dataDir = "", passphrase = ""] = process.argv.slice(2);
const random = new SystemRandom();
const keyring = new PassphraseKeyring(random, { memoryBytes: 8 * 2 ** 20, passes: 1 });
const store = await openStore({ dataDir, keyring, passphrase });
for (;;) {
  const id = newId(random);
  await store.addArrival(
    {
      message: {
        id,
        direction: "in",
        from: { address: "alice@a.example", name: "" },
        to: [],
        subject: "killed",
        at: 1,
        text: "x".repeat(5000),
        hasHtml: false,
        content: "private",
        signature: "valid",
        messageId: `<${id}@a.example>`,
        references: [],
        transportId: messageId(random.bytes(16)),
        receipt: "none",
      },
      html: undefined,
      attachments: [{ handle: newId(random), name: "a", type: "a/b", bytes: new Uint8Array(9000) }],
      references: [],
      signedBy: "fingerprint",
      source: undefined,
    },
    newId(random),
  );
  process.stdout.write(`${id}\n`);
}
