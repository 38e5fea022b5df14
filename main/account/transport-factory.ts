/** What the program needs made of the transport. The composition root gives the real things, a test others. */

import type { Clock, Dialer, Invite, MixClient, Network, Suite, SuiteName, TransportClientOptions } from "#transport";

export interface TransportFactory {
  suite(name: SuiteName): Promise<Suite>;
  /** Links that show the peer the key of this 32-byte seed. `network` is unknown while its file is fetched. */
  dialer(o: { identitySeed: Uint8Array; network: Network | undefined; suite: Suite }): Dialer;
  /** Throws PROVIDER_DOWN, CONSENSUS_FORGED. */
  fetchNetwork(o: { dialer: Dialer; invite: Invite; suite: Suite; clock: Clock }): Promise<Network>;
  client(options: TransportClientOptions): MixClient;
}
