/**
 * A provider: a node of the network with mailboxes, services and accounts behind it and clients before it.
 * Spec: docs/spec/06-mix.md, docs/spec/07-mailbox.md
 */

import { concat, equalBytes } from "#transport/core/bytes.ts";
import type { Epoch, MailboxId, NodeId } from "#transport/core/units.ts";
import { fragmentHash } from "#transport/fragment/seal.ts";
import type { Link } from "#transport/link/link.ts";
import { serviceId } from "#transport/sphinx/service-payload.ts";
import { TOKENS_SERVICE } from "#transport/tokens/signing.ts";
import { Accounts } from "../accounts/accounts.ts";
import { BoxOffice } from "../boxes/box-office.ts";
import { ENTRIES_PER_BOX_MAX } from "../boxes/limits.ts";
import { Entry } from "../entry/entry.ts";
import { FRAGMENTS_PER_MAILBOX_MAX, REPLIES_PER_DEVICE_MAX } from "../mailbox/limits.ts";
import { MailboxStore } from "../mailbox/mailbox-store.ts";
import type { Delivery } from "../mix/mix.ts";
import { MixNode } from "../mix/mix-node.ts";
import type { DropReason } from "../observe/drop-reason.ts";
import type { Gauges } from "../observe/figures.ts";
import { echoService } from "../services/echo.ts";
import { haveService } from "../services/have.ts";
import { keysService } from "../services/keys.ts";
import { ServiceDesk } from "../services/service-desk.ts";
import { TokenOffice } from "../tokens/token-office.ts";
import { newestConsensus } from "./consensus-in-use.ts";
import { Decoys, type DecoysDependencies } from "./decoys.ts";
import type { ProviderDependencies } from "./dependencies.ts";

export class ProviderNode {
  readonly mix: MixNode;
  readonly accounts: Accounts;
  readonly mailbox: MailboxStore;
  readonly boxes: BoxOffice;
  readonly entry: Entry;
  readonly tokens: TokenOffice;
  readonly #deps: ProviderDependencies;
  readonly #services: ServiceDesk;
  readonly #decoys: Decoys;
  readonly #tokensId: Uint8Array;

  constructor(deps: ProviderDependencies) {
    const { clock, streams, suite, network, database, domain, signUp, log } = deps;
    this.#deps = deps;
    const onDrop = (reason: DropReason): void => this.mix.drop(reason);
    this.mix = new MixNode(deps, {
      role: "provider",
      domain,
      deliver: (delivery) => this.#deliver(delivery),
      tokenKeys: () => this.tokens.keys.publicKeys(),
    });
    const { sphinx, nodeId: providerId } = this.mix;
    this.#tokensId = serviceId(suite, TOKENS_SERVICE);
    this.accounts = new Accounts({
      database,
      clock,
      random: streams.keys,
      primitives: suite,
      providerId,
      domain,
      signUp,
      certainTime: () => this.mix.certainTime,
      // One size for every entry: the rest is random.
      notify: (mailboxId, notice) => {
        const rest = streams.padding.bytes(sphinx.geometry.payloadBytes - notice.length);
        return this.mailbox.notify(mailboxId, concat(notice, rest));
      },
    });
    this.mailbox = new MailboxStore({
      database,
      clock,
      log,
      quota: {
        fragments: FRAGMENTS_PER_MAILBOX_MAX,
        replies: REPLIES_PER_DEVICE_MAX,
        boxFragments: ENTRIES_PER_BOX_MAX,
        boxBytes: sphinx.geometry.sealedBytes,
      },
      roomSpan: network.parameters.epoch.duration,
      retention: network.parameters.retention,
      knownTime: () => this.mix.knownTime,
      onDrop,
    });
    this.boxes = new BoxOffice({
      clock,
      parameters: network.parameters,
      sphinx,
      database,
      mailboxes: this.mailbox,
      knownTime: () => this.mix.knownTime,
      padding: streams.padding,
      send: (firstHop, packet) => this.mix.forward(firstHop, packet),
      onDrop,
    });
    this.tokens = new TokenOffice({
      clock,
      network,
      sphinx,
      nodeId: providerId,
      identitySeed: deps.identity.identitySeed,
      database,
      random: streams.tokens,
      current: () => this.mix.current(),
      knownTime: () => this.mix.knownTime,
      accountOf: (deviceKey) => this.accounts.accountOf(deviceKey),
      send: ({ firstHop, packet }) => this.mix.forward(firstHop, packet),
      onDrop,
    });
    this.#services = new ServiceDesk({
      clock,
      sphinx,
      services: [
        keysService(this.accounts),
        haveService({ clock, mailboxes: this.mailbox }),
        echoService,
        ...this.boxes.services,
        ...(deps.services ?? []),
      ],
      spend: (token) => this.tokens.gate.spend(token),
      delays: streams.services,
      padding: streams.padding,
      send: (firstHop, packet) => this.mix.forward(firstHop, packet),
      onDrop,
    });
    this.#decoys = this.makeDecoys({
      clock,
      random: streams.decoys,
      sphinx,
      nodeId: providerId,
      current: () => this.mix.current(),
      send: ({ firstHop, packet }) => this.mix.forward(firstHop, packet),
      log,
    });
    this.entry = new Entry({
      clock,
      network,
      sizes: sphinx.geometry,
      padding: streams.padding,
      primitives: suite,
      accounts: this.accounts,
      tokens: this.tokens,
      mailbox: this.mailbox,
      consensus: (epoch) => this.#consensus(epoch),
      forward: (firstHop, packet) => this.mix.forward(firstHop, packet),
      onDrop,
    });
  }

  get nodeId(): NodeId {
    return this.mix.nodeId;
  }

  /** For tests that plant a fault; called while the provider is being made. */
  protected makeDecoys(deps: DecoysDependencies): Decoys {
    return new Decoys(deps);
  }

  start(): void {
    this.mailbox.start();
    this.boxes.start();
    this.mix.start();
    this.#decoys.start();
  }

  /** The database stays open: it belongs to whoever opened it. */
  async stop(): Promise<void> {
    this.entry.stop();
    this.accounts.stop();
    this.#services.stop();
    this.tokens.stop();
    this.#decoys.stop();
    this.boxes.stop();
    await this.mix.stop();
    this.mailbox.stop();
  }

  /** For whoever runs this provider. */
  get gauges(): Gauges {
    return { ...this.mix.gauges, ...this.boxes.gauges, client_links: this.entry.links };
  }

  /** A link from another node or from a client. */
  accept(link: Link): void {
    if (link.peer.role === "client") this.entry.accept(link);
    else this.mix.accept(link);
  }

  #deliver(delivery: Delivery): void {
    switch (delivery.command) {
      case "mailbox":
        return this.#store(delivery, "fragment");
      case "reply":
        // An answer to this provider itself is in no mailbox.
        if (this.tokens.replied(delivery.surbId, delivery.payload)) return;
        return this.#store(delivery, "reply");
      case "service":
        if (equalBytes(delivery.recipient, this.#tokensId)) return this.tokens.signer.handle(delivery.payload);
        if (this.boxes.handle(delivery.recipient, delivery.payload)) return;
        return this.#services.handle(delivery.recipient, delivery.payload);
      case "drop":
        return this.mix.drop("COVER");
      case "loop":
        throw new Error("the mix keeps its own loops");
    }
  }

  #store({ recipient, surbId, payload, tag }: Delivery, kind: "fragment" | "reply"): void {
    const { suite, clock, observer } = this.#deps;
    const mailbox = recipient as MailboxId;
    this.mailbox.deliver({
      mailboxId: mailbox,
      kind,
      surbId,
      body: payload,
      hash: fragmentHash(suite, payload),
      onStored: () => observer?.entryStored?.({ node: this.nodeId, at: clock.now(), tag, mailbox }),
    });
  }

  #consensus(epoch: Epoch | "current"): Uint8Array | undefined {
    const { consensuses } = this.mix;
    const found =
      epoch === "current"
        ? newestConsensus(consensuses, this.#deps.clock.now())
        : consensuses.held.find((held) => held.epoch === epoch);
    return found?.bytes;
  }
}
