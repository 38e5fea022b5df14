/**
 * `npm run bench -- delivery`: mails of several sizes through the demo's network, each from the order to send until the
 * reader's process has read it from its store. The demo's rates are the limit, not the machine.
 */

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Desktop } from "../demo/desktop.ts";
import { startNetwork } from "../demo/network.ts";
import type { Domain } from "../demo/network-files.ts";
import { Observations } from "../demo/observations.ts";
import { type Person, receive, settleIn, write } from "../demo/story.ts";

/** Bytes of the attachment, and seconds that the mail may take. */
const CASES = [
  { bytes: 1_000, secondsMax: 30 },
  { bytes: 100_000, secondsMax: 30 },
  { bytes: 3_000_000, secondsMax: 120 },
] as const;

export async function runDeliveryBench({ json }: { json: boolean }): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "starling-bench-"));
  const observations = new Observations();
  const network = await startNetwork({ folder, observations });
  const person = (name: string, domain: Domain): Person => ({
    desktop: new Desktop({ name, folder, observations }),
    name,
    localPart: name.toLowerCase(),
    domain,
  });
  const alice = person("Alice", "a.example");
  const bob = person("Bob", "b.example");
  try {
    await Promise.all([network.flowing(), alice.desktop.ready(), bob.desktop.ready()]);
    await Promise.all([settleIn(alice, network), settleIn(bob, network)]);
    const results = [];
    for (const { bytes, secondsMax } of CASES) {
      // Noise: what could be compressed would travel in fewer packets.
      const attachments = [{ name: "noise", type: "application/octet-stream", bytes: randomBytes(bytes) }];
      const subject = `${bytes} bytes`;
      const { sentAt } = await write(alice, bob, {
        subject,
        body: "See the attachment.\n",
        attachments,
        source: undefined,
      });
      const read = await receive(bob, { subject });
      const seconds = (read.readAt - sentAt) / 1000;
      results.push({ attachmentBytes: bytes, seconds, secondsMax, ok: seconds < secondsMax });
      if (!json)
        console.log(`${bytes.toLocaleString("en").padStart(10)} bytes: ${seconds.toFixed(1)} s (bar: ${secondsMax} s)`);
    }
    if (json) console.log(JSON.stringify(results));
    return results.every(({ ok }) => ok);
  } finally {
    await Promise.all([alice.desktop.stop(), bob.desktop.stop(), network.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}
