/** CPU time of what the protocol asks of a client, alone and in this process: what measurements of whole clients are a multiple of. */

import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { epochNumber, mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { openSeal, seal } from "#transport/fragment/seal.ts";
import { geometry, HOPS_MAX } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { wrapSlot } from "#transport/traffic/wrap-slot.ts";
import { cpuOf } from "./cpu-time.ts";

export interface SlotAlone {
  /** Seal, and wrap for four hops. */
  readonly slotUs: number;
  /** Open what a mailbox gives out. */
  readonly openUs: number;
  /** The encapsulations of a slot, their keys imported anew: four hops and the mailbox. */
  readonly encapsulationsUs: number;
}

/** With the native suite and the live parameters. */
export async function slotAlone(): Promise<SlotAlone> {
  const suite = await loadSuite(LIVE_PARAMETERS.suite, "native");
  const sizes = geometry(LIVE_PARAMETERS);
  const sphinx = new Sphinx({ suite, geometry: sizes });
  const random = new SystemRandom();
  const hops = Array.from({ length: HOPS_MAX }, () => ({
    nodeId: nodeId(random.bytes(32)),
    mixKey: suite.kem.generate(random).publicKey,
    delay: milliseconds(5),
  }));
  const mailbox = suite.sealKem.generate(random);
  const key = suite.sealKem.open(mailbox.privateKey);
  const plaintext = random.bytes(sizes.fragmentBytes);
  const path = { epoch: epochNumber(1), hops };
  const recipient = mailboxId(random.bytes(32));
  const sealed = seal({ suite, geometry: sizes, mailboxKey: mailbox.publicKey, plaintext, random });
  const content = { destination: { command: "mailbox", recipient } as const, plaintext, mailboxKey: mailbox.publicKey };
  return {
    slotUs: cpuOf(() => wrapSlot({ sphinx, path, content, keys: random })),
    openUs: cpuOf(() => openSeal({ suite, geometry: sizes, mailboxKey: key, sealed })),
    encapsulationsUs: cpuOf(() => {
      for (const { mixKey } of hops) suite.kem.encapsulate(mixKey, random);
      suite.sealKem.encapsulate(mailbox.publicKey, random);
    }),
  };
}
