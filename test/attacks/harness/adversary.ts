/** Nodes of the virtual network whose operator means harm: production nodes between whose links and code somebody stands. */

import type { NodeDependencies } from "#provider-server/node/dependencies.ts";
import type { WorldOptions } from "#test/sim/world.ts";
import { forwardingLink } from "#test/support/forwarding-link.ts";
import type { Clock } from "#transport/core/clock.ts";
import { type Milliseconds, milliseconds } from "#transport/core/units.ts";
import type { Dialer, Link } from "#transport/link/link.ts";

/** What becomes of one frame that a node would send to another; undefined lets it pass. */
export type Fate = "dropped" | "marked" | { readonly heldFor: Milliseconds };

export interface Meddling {
  /** `to` is the node that the frame would reach next. */
  readonly outgoing?: (o: { node: string; to: string; now: Milliseconds }) => Fate | undefined;
  /** `from`: the link key of the node that sent it, in hexadecimal. */
  readonly incoming?: (o: { node: string; from: string; now: Milliseconds }) => "dropped" | undefined;
  /** Other bounds than those of production, for whom an attack should need fewer packets. */
  readonly limits?: NodeDependencies["limits"];
}

/** For `World.create`. Clients' links and the directory are left alone. */
export function meddling(m: Meddling): Pick<WorldOptions, "nodeDependencies" | "nodeLink"> {
  const clocks = new Map<string, Clock>();
  return {
    nodeDependencies: (node, dependencies) => {
      clocks.set(node, dependencies.clock);
      return { ...dependencies, dialer: meddlingDialer(m, node, dependencies), ...(m.limits && { limits: m.limits }) };
    },
    nodeLink: (node, link) => {
      const from = Buffer.from(link.peer.key).toString("hex");
      const now = (): Milliseconds => clocks.get(node)?.now() ?? milliseconds(0);
      const isDropped = (): boolean => m.incoming?.({ node, from, now: now() }) === "dropped";
      return link.peer.role === "node" ? withIncoming(link, isDropped) : link;
    },
  };
}

function meddlingDialer(m: Meddling, node: string, { dialer, clock }: NodeDependencies): Dialer {
  return {
    dial: async (target) => {
      const link = await dialer.dial(target);
      if (target.protocol !== "starling-node/2") return link;
      const to = nameAt(target.address);
      return withOutgoing(link, clock, () => m.outgoing?.({ node, to, now: clock.now() }));
    },
  };
}

const nameAt = (address: string): string => address.slice(0, address.indexOf("."));

function withOutgoing(link: Link, clock: Clock, fate: () => Fate | undefined): Link {
  return forwardingLink(link, {
    send: (frame) => {
      const what = fate();
      if (what === undefined) return link.send(frame);
      if (what === "dropped") return true;
      // The last byte belongs to the payload.
      if (what === "marked") return link.send(frame.with(frame.length - 1, (frame.at(-1) as number) ^ 1));
      const kept = frame.slice();
      clock.at(milliseconds(clock.now() + what.heldFor), () => link.send(kept));
      return true;
    },
  });
}

function withIncoming(link: Link, isDropped: () => boolean): Link {
  return forwardingLink(link, {
    onFrame: (handler) => link.onFrame((frame) => (isDropped() ? undefined : handler(frame))),
  });
}
