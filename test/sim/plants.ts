/** Faults in the program itself, one for each invariant, by name: what the checks have to see. */

import { Source } from "#provider-server/mix/sources.ts";
import { TransportClient } from "#transport/client/client.ts";
import { type MessageId, messageId, type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Clock } from "#transport/core/clock.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import { type Prepared, SendClock, type SendClockOptions } from "#transport/traffic/send-clock.ts";
import { MemoryPeriodStore } from "#test/support/memory-period-store.ts";
import type { Invariant } from "./invariants.ts";
import { LEDGER_PLANTS } from "./ledger-plants.ts";
import type { SimOptions } from "./options.ts";
import { SILENT_WHEN_EMPTY } from "./planted-faults.ts";
import type { ClientOptions } from "./sim-client.ts";
import type { World, WorldOptions } from "./world.ts";

export interface Plant {
  readonly breaks: Invariant;
  readonly world?: (
    begin: Milliseconds,
    parameters: Parameters,
  ) => Pick<WorldOptions, "nodeClock" | "periodStore" | "parameters" | "nodeLink" | "nodeDependencies">;
  /** The first user's client. */
  readonly client?: Pick<ClientOptions, "make">;
  /** What is done to the world at the beginning. */
  readonly act?: (world: World, begin: Milliseconds) => void;
  /** What a run must be like for the fault to show soon. */
  readonly needs?: Partial<SimOptions>;
}

const VICTIM = "mix0";

/** "One byte more for a version number will not hurt." */
class LongFrames extends SendClock {
  #sent = 0;

  protected override write(prepared: Prepared): boolean {
    const isLong = ++this.#sent > 20;
    return super.write(isLong ? { ...prepared, frame: new Uint8Array([...prepared.frame, 0]) } : prepared);
  }
}

class LongFramesClient extends TransportClient {
  protected override makeSendClock(options: SendClockOptions): SendClock {
    return new LongFrames(options);
  }
}

/** "It is as good as sent." */
class SwallowingClient extends TransportClient {
  #swallowed = 0;

  override async send(): Promise<MessageId> {
    return messageId(new Uint8Array(16).fill(++this.#swallowed));
  }
}

/** A clock whose seconds are of another length from a time on. */
function warped(clock: Clock, begin: Milliseconds, factor: number): Clock {
  const shown = (truth: number): number => (truth <= begin ? truth : begin + (truth - begin) * factor);
  const truth = (time: number): number => (time <= begin ? time : begin + (time - begin) / factor);
  return {
    now: () => milliseconds(shown(clock.now())),
    at: (time, task) => clock.at(milliseconds(truth(time)), task),
  };
}

/** Keys survive a crash of the process, what they have opened does not. */
class ForgetfulPeriodStore extends MemoryPeriodStore {
  override load(): ReturnType<MemoryPeriodStore["load"]> {
    return super.load().map(({ period, privateKey, log }) => ({ period, privateKey, log, tags: new Uint8Array(0) }));
  }
}

const nodeClock = (begin: Milliseconds, factor: number): Pick<WorldOptions, "nodeClock"> => ({
  nodeClock: (name, clock) => (name === VICTIM ? warped(clock, begin, factor) : clock),
});

/** Records packets to the victim, kills and starts it, and sends the same packets again. */
function replay(world: World, begin: Milliseconds): void {
  const packets: Uint8Array[] = [];
  const listener = world.net.onPassage;
  world.net.onPassage = (passage) => {
    listener?.(passage);
    const isPacket = passage.protocol === "starling-node/2" && passage.direction === "fromDialer";
    if (passage.to === VICTIM && isPacket) packets.push(passage.frame.slice(1));
  };
  const at = (seconds: number, act: () => void): void => void world.clock.at(milliseconds(begin + seconds * 1000), act);
  at(60, () => {
    world.net.onPassage = listener;
    void world.killNode(VICTIM);
  });
  at(61, () => world.startNode(VICTIM));
  at(75, () => packets.forEach((packet) => world.node(VICTIM)?.receive(packet, new Source())));
}

export const PLANTS: Readonly<Record<string, Plant>> = {
  "long-frames": { breaks: "constant length", client: { make: (options) => new LongFramesClient(options) } },
  "hasty-mix": { breaks: "nothing early", world: (begin) => nodeClock(begin, 2) },
  "forgetful-mix": {
    breaks: "no tag twice",
    world: () => ({ periodStore: (name) => (name === VICTIM ? new ForgetfulPeriodStore() : new MemoryPeriodStore()) }),
    act: replay,
  },
  "hoarding-mix": { breaks: "queues bounded", world: (begin) => nodeClock(begin, 0.001) },
  "swallowed-mail": { breaks: "delivered or reported", client: { make: (options) => new SwallowingClient(options) } },
  "one-token": {
    breaks: "tokens suffice",
    world: (_, parameters) => ({ parameters: { ...parameters, tokens: { ...parameters.tokens, perProvider: 1 } } }),
  },
  "silent-when-empty": {
    breaks: "trace equality",
    client: { make: SILENT_WHEN_EMPTY.make as NonNullable<ClientOptions["make"]> },
  },
  ...LEDGER_PLANTS,
};
