/** The transport's public API: all that a program above it may use (docs/architecture.md). */

export type { Place } from "./box/place.ts";
export { concat, equalBytes, fromHex, Reader, toHex, utf8, Writer } from "./core/bytes.ts";
export type { Cancel, Clock } from "./core/clock.ts";
export { TransportError, type TransportErrorCode } from "./core/errors.ts";
export type { Parameters, Profile, ProfileName, SuiteName } from "./core/parameters.ts";
export { exponential, type RandomSource, type RandomStreams, systemStreams } from "./core/random.ts";
export { wipe, withSecret } from "./core/secret.ts";
export {
  type MailboxId,
  type MessageId,
  type Milliseconds,
  messageId,
  milliseconds,
  type NodeId,
} from "./core/units.ts";
export type { Suite } from "./crypto/suite.ts";
export { estimate } from "./client/estimate.ts";
export type { MailboxRecord } from "./directory/mailbox-record.ts";
export type { Network } from "./directory/model.ts";
export type { Dialer } from "./link/link.ts";
export { TransportClient } from "./client/client.ts";
export { BUNDLE_EXTRA_BYTES_MAX, DEVICE_NAME_BYTES_MAX } from "./client/limits.ts";
export { DEVICE_OFFER_MINUTES } from "./link/control-limits.ts";
export { endOf } from "./client/message-end.ts";
export * from "./client/store.ts";
export type {
  ClientEvents,
  ClientObserver,
  ClientState,
  ClientStatus,
  Device,
  EstimateOptions,
  IncomingMessage,
  Journey,
  JoinDeviceOptions,
  MixClient,
  SendOptions,
  SignedUp,
  SlotCargo,
  SlotKind,
  TransportClientOptions,
} from "./client/types.ts";
export { SystemClock } from "./core/system-clock.ts";
export { SystemRandom } from "./core/system-random.ts";
export { loadSuite } from "./crypto/create-suite.ts";
export { type Invite, decodeInvite, encodeInvite } from "./directory/invite.ts";
export { fetchNetwork } from "./directory/fetch-network.ts";
export { decodeNetwork } from "./directory/network.ts";
export { TlsDialer } from "./link/tls-dialer.ts";
export { geometry } from "./sphinx/geometry.ts";
export type { JoinOptions } from "./library/joining.ts";
export type { Message, NetworkClient } from "./library/network-client.ts";
export { diskStore, joinNetwork, memoryStore } from "./library/node.ts";
export type { Store } from "./library/store.ts";
export { testedSuites } from "./library/tested-suites.ts";
