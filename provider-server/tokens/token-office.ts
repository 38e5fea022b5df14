/** All that a provider does about tokens, put together. Spec: docs/spec/13-tokens.md */

import type { Clock } from "#transport/core/clock.ts";
import type { Parameters } from "#transport/core/parameters.ts";
import type { RandomSource } from "#transport/core/random.ts";
import { type KeyPeriod, type Milliseconds, milliseconds, type NodeId, type SurbId } from "#transport/core/units.ts";
import { isSame } from "#transport/directory/alive.ts";
import type { Consensus, Network, NodeDescriptor } from "#transport/directory/model.ts";
import type { ControlResult } from "#transport/link/control.ts";
import type { WrappedPacket } from "#transport/sphinx/packet.ts";
import type { Sphinx } from "#transport/sphinx/sphinx.ts";
import type { ProviderDatabase } from "../database/database.ts";
import { longestDelay } from "../node/node-loops.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import { ANSWER_WAIT_FACTOR } from "./limits.ts";
import { TokenCourier } from "./token-courier.ts";
import { TokenGate } from "./token-gate.ts";
import { TokenIssuer } from "./token-issuer.ts";
import { TokenKeys } from "./token-keys.ts";
import { TokenSigner } from "./token-signer.ts";
import { TokenTables } from "./token-tables.ts";

export interface TokenOfficeDependencies {
  readonly clock: Clock;
  readonly network: Network;
  readonly sphinx: Sphinx;
  readonly nodeId: NodeId;
  readonly identitySeed: Uint8Array;
  readonly database: ProviderDatabase;
  readonly random: RandomSource;
  readonly current: () => { consensus: Consensus; period: KeyPeriod; parameters: Parameters } | undefined;
  readonly knownTime: () => Milliseconds | undefined;
  readonly accountOf: (deviceKey: Uint8Array) => number | undefined;
  readonly send: (packet: Pick<WrappedPacket, "firstHop" | "packet">) => void;
  readonly onDrop: (reason: DropReason) => void;
}

export class TokenOffice {
  readonly keys: TokenKeys;
  readonly gate: TokenGate;
  readonly signer: TokenSigner;
  readonly #issuer: TokenIssuer;
  readonly #courier: TokenCourier;

  constructor(deps: TokenOfficeDependencies) {
    const { clock, network, sphinx, nodeId, identitySeed, random, current, send, onDrop, accountOf } = deps;
    const { suite } = sphinx;
    const tables = new TokenTables(deps.database);
    const keys = new TokenKeys({ clock, network, suite, identitySeed });
    const listed = (provider: NodeId): NodeDescriptor | undefined =>
      current()?.consensus.providers.find((node) => isSame(node.nodeId, provider));
    this.keys = keys;
    this.gate = new TokenGate({ clock, network, keys, tables, knownTime: deps.knownTime });
    this.signer = new TokenSigner({
      clock,
      sphinx,
      nodeId,
      keys,
      tables,
      random,
      signingKey: (provider) => listed(provider)?.signingKey,
      send: (firstHop, packet) => send({ firstHop, packet }),
      onDrop,
    });
    this.#courier = new TokenCourier({
      clock,
      random,
      sphinx,
      nodeId,
      identitySeed,
      current,
      send,
      answerWait: milliseconds(ANSWER_WAIT_FACTOR * longestDelay(network)),
    });
    this.#issuer = new TokenIssuer({
      clock,
      network,
      suite,
      nodeId,
      tables,
      signer: this.signer,
      courier: this.#courier,
      isListed: (provider) => listed(provider) !== undefined,
      accountOf,
    });
  }

  /** What a device's order comes to now. */
  order(deviceKey: Uint8Array, order: Uint8Array): { readonly result: ControlResult; readonly body?: Uint8Array } {
    return this.#issuer.order(deviceKey, order);
  }

  /** True when a reply was for this provider itself. */
  replied(id: SurbId, payload: Uint8Array): boolean {
    return this.#courier.replied(id, payload);
  }

  stop(): void {
    this.#issuer.stop();
    this.#courier.stop();
    this.signer.stop();
  }
}
