/** What the protocol asks of a client in a slot, to be timed alone; in a browser's worker too, so nothing here is Node's. */

import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { keyPeriodNumber, mailboxId, milliseconds, nodeId } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { openSeal, seal } from "#transport/fragment/seal.ts";
import { geometry, HOPS_MAX } from "#transport/sphinx/geometry.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { wrapSlot } from "#transport/traffic/wrap-slot.ts";

export interface SlotWork {
  /** Seal, and wrap for four hops. */
  readonly wrap: () => unknown;
  /** Open what a mailbox gives out. */
  readonly open: () => unknown;
  /** The encapsulations of a slot, their keys imported anew: four hops and the mailbox. */
  readonly encapsulate: () => unknown;
}

/** At the live parameters. */
export function slotWork(suite: Suite, random: RandomSource): SlotWork {
  const sizes = geometry(LIVE_PARAMETERS);
  const sphinx = new Sphinx({ suite, geometry: sizes });
  const hops = Array.from({ length: HOPS_MAX }, () => ({
    nodeId: nodeId(random.bytes(32)),
    mixKey: suite.kem.generate(random).publicKey,
    delay: milliseconds(5),
  }));
  const mailbox = suite.sealKem.generate(random);
  const key = suite.sealKem.open(mailbox.privateKey);
  const plaintext = random.bytes(sizes.fragmentBytes);
  const path = { period: keyPeriodNumber(1), hops };
  const recipient = mailboxId(random.bytes(32));
  const sealed = seal({ suite, geometry: sizes, mailboxKey: mailbox.publicKey, plaintext, random });
  const content = { destination: { command: "mailbox", recipient } as const, plaintext, mailboxKey: mailbox.publicKey };
  return {
    wrap: () => wrapSlot({ sphinx, path, content, keys: random }),
    open: () => openSeal({ suite, geometry: sizes, mailboxKey: key, sealed }),
    encapsulate: () => {
      for (const { mixKey } of hops) suite.kem.encapsulate(mixKey, random);
      suite.sealKem.encapsulate(mailbox.publicKey, random);
    },
  };
}
