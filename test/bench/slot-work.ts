/** What the protocol asks of a client in a slot, to be timed alone; in a browser's worker too, so nothing here is Node's. */

import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { BOX_SECRET_BYTES } from "#transport/box/box-id.ts";
import { BOX_SERVICE, encodeCollect } from "#transport/box/requests.ts";
import { keyPeriodNumber, mailboxId, milliseconds, nodeId, SURB_ID_BYTES, surbId } from "#transport/core/units.ts";
import type { Suite } from "#transport/crypto/suite.ts";
import { openSeal, seal } from "#transport/fragment/seal.ts";
import { geometry, HOPS_MAX } from "#transport/sphinx/geometry.ts";
import { encodeServiceRequest, serviceId } from "#transport/sphinx/service-payload.ts";
import { Sphinx } from "#transport/sphinx/sphinx.ts";
import { wrapSlot } from "#transport/traffic/wrap-slot.ts";

export interface SlotWork {
  /** Seal, and wrap for four hops. */
  readonly wrap: () => unknown;
  /** The same for a drop slot, which asks boxes: with a reply block for each answer, four hops too. */
  readonly collect: () => unknown;
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
  const service = serviceId(suite, BOX_SERVICE);
  return {
    collect: () => {
      const [surb, ...surbs] = Array.from({ length: LIVE_PARAMETERS.boxReplies }, () =>
        sphinx.createSurb({ path, mailbox: recipient, surbId: surbId(random.bytes(SURB_ID_BYTES)), random }),
      );
      const request = encodeServiceRequest(sizes, {
        service: BOX_SERVICE,
        surb: surb?.surb as Uint8Array,
        body: encodeCollect({
          secret: random.bytes(BOX_SECRET_BYTES),
          readerId: random.bytes(32),
          cursor: 0,
          taken: 0n,
          delays: Array.from({ length: LIVE_PARAMETERS.boxReplies }, (_, i) => milliseconds(i)),
          surbs: surbs.map((made) => made.surb),
        }),
        random,
      });
      const asked = { destination: { command: "service", recipient: service } as const, plaintext, request };
      return wrapSlot({ sphinx, path, content: { ...asked, mailboxKey: mailbox.publicKey }, keys: random });
    },
    wrap: () => wrapSlot({ sphinx, path, content, keys: random }),
    open: () => openSeal({ suite, geometry: sizes, mailboxKey: key, sealed }),
    encapsulate: () => {
      for (const { mixKey } of hops) suite.kem.encapsulate(mixKey, random);
      suite.sealKem.encapsulate(mailbox.publicKey, random);
    },
  };
}
