/** Faults in the program itself that only the sums of a whole run show: what goes in and never comes out, or comes too often. */

import { KIND_CODES } from "#provider-server/mailbox/mailbox-tables.ts";
import type { NodeDependencies } from "#provider-server/node/dependencies.ts";
import { TransportClient } from "#transport/client/client.ts";
import { TransportError } from "#transport/core/errors.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type Milliseconds, milliseconds, seconds, surbId } from "#transport/core/units.ts";
import { decodeFrame, encodeFrame } from "#transport/link/frame.ts";
import { FRAME_TYPES } from "#transport/link/frame-table.ts";
import type { Link } from "#transport/link/link.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { type Prepared, SendClock, type SendClockOptions, type SlotKind } from "#transport/traffic/send-clock.ts";
import type { Plant } from "./plants.ts";
import type { World } from "./world.ts";

const MIX = "mix0";
const PROVIDER = "provider0";
/** Agreements every few minutes, so that a run of some minutes has them. */
const SHORT_EPOCHS: Parameters["epoch"] = {
  duration: seconds(400),
  lead: seconds(100),
  overlap: seconds(100),
  keyPeriods: 1,
  keyLead: seconds(100),
};

/** "One in thirty will hardly be noticed." */
const leaky = (link: Link): Link => {
  let came = 0;
  return linkWith(link, {
    onFrame: (handler, options) =>
      link.onFrame((frame) => {
        if (++came % 30 !== 0) handler(frame);
      }, options),
  });
};

/** "The name of a reply is not so important." */
const renaming = (link: Link, parameters: Parameters): Link => {
  const sizes = geometry(parameters);
  return linkWith(link, {
    send: (frame, onTaken) => {
      if (frame[0] !== FRAME_TYPES.entry) return link.send(frame, onTaken);
      const entry = decodeFrame(frame, { protocol: "starling-client/2", direction: "toDialer", sizes });
      if (entry.type !== "entry" || entry.kind !== "reply") return link.send(frame, onTaken);
      const other = entry.surbId.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
      return link.send(encodeFrame({ ...entry, surbId: surbId(other) }, sizes), onTaken);
    },
  });
};

/** "Nobody has fetched it for a while: it only costs room." */
function tidyReplies(world: World, begin: Milliseconds): void {
  const { clock } = world;
  const tidy = (): void => {
    world.database(PROVIDER).prepare("DELETE FROM entries WHERE kind = ?").run(KIND_CODES.reply);
    clock.at(milliseconds(clock.now() + 2_000), tidy);
  };
  clock.at(begin, tidy);
}

/** "It is not there yet: send it once more." */
class ImpatientClient extends TransportClient {
  override async start(): Promise<void> {
    const { clock } = this.#options;
    const again = (): void => {
      for (const { messageId, delivery } of this.journeys()) {
        if (delivery === "mixing") void this.retry({ messageId, to: undefined });
      }
      clock.at(milliseconds(clock.now() + 1_000), again);
    };
    clock.at(milliseconds(clock.now() + 1_000), again);
    await super.start();
  }

  readonly #options: ConstructorParameters<typeof TransportClient>[0];

  constructor(options: ConstructorParameters<typeof TransportClient>[0]) {
    super(options);
    this.#options = options;
  }
}

/** "After trouble, keep quiet until somebody says that it is over." Nobody does. */
class Sulking extends SendClock {
  #hasSent = false;
  #sulks = false;

  protected override prepare(kind: SlotKind): Prepared | undefined {
    const prepared = super.prepare(this.#sulks && kind === "payload" ? "drop" : kind);
    if (prepared !== undefined) this.#hasSent = true;
    else if (this.#hasSent) this.#sulks = true;
    return prepared;
  }
}

class SulkingClient extends TransportClient {
  protected override makeSendClock(options: SendClockOptions): SendClock {
    return new Sulking(options);
  }
}

/** "I have a list." */
const deaf = (dependencies: NodeDependencies, begin: Milliseconds): NodeDependencies => {
  const { clock, directory } = dependencies;
  return {
    ...dependencies,
    directory: {
      publishDescriptor: (descriptor) => directory.publishDescriptor(descriptor),
      fetchConsensus: async (epoch, agrees) => {
        if (clock.now() >= begin) throw new TransportError("PROVIDER_DOWN");
        return directory.fetchConsensus(epoch, agrees);
      },
      fetchTime: async () => {
        if (clock.now() >= begin) throw new TransportError("PROVIDER_DOWN");
        return directory.fetchTime();
      },
    },
  };
};

export const LEDGER_PLANTS: Readonly<Record<string, Plant>> = {
  "leaky-mix": {
    breaks: "packets conserved",
    world: () => ({ nodeLink: (name, link) => (name === MIX ? leaky(link) : link) }),
  },
  "renamed-reply": {
    breaks: "replies matched",
    world: (_, parameters) => ({
      nodeLink: (name, link) => (name === PROVIDER ? renaming(link, parameters) : link),
    }),
  },
  "tidied-reply": { breaks: "reply blocks settled", act: tidyReplies },
  "impatient-writer": {
    breaks: "repetition bounded",
    client: { make: (options) => new ImpatientClient(options) },
    needs: { profile: "chat", mails: 4_000 },
  },
  "deaf-mix": {
    breaks: "consensus progresses",
    world: (begin, parameters) => ({
      parameters: { ...parameters, epoch: SHORT_EPOCHS },
      nodeDependencies: (name, dependencies) => (name === MIX ? deaf(dependencies, begin) : dependencies),
    }),
    needs: { hours: 0.1 },
  },
  "two-silent-authorities": {
    breaks: "consensus progresses",
    world: (_, parameters) => ({ parameters: { ...parameters, epoch: SHORT_EPOCHS } }),
    act: (world) => [0, 1].forEach((self) => world.killAuthority(self)),
    needs: { hours: 0.1 },
  },
  "sulking-writer": {
    breaks: "recovery bounded",
    client: { make: (options) => new SulkingClient(options) },
    needs: { users: 3, pool: 0, hours: 0.1, mails: 1_500, grace: 20_000, faults: `crash=${PROVIDER}@200+60` },
  },
};

function linkWith(link: Link, change: Partial<Pick<Link, "send" | "onFrame">>): Link {
  return {
    protocol: link.protocol,
    peer: link.peer,
    get writable() {
      return link.writable;
    },
    send: (frame, onTaken) => link.send(frame, onTaken),
    onFrame: (handler, options) => link.onFrame(handler, options),
    onClose: (handler) => link.onClose(handler),
    close: (options) => link.close(options),
    ...change,
  };
}
