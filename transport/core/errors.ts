/** Every error the transport library throws on purpose, by code. Bugs are assertions and throw something else. */

export const TRANSPORT_ERRORS = {
  MALFORMED: "The bytes are not of the expected form.",
  UNWRAP_FAILED: "The packet was refused.",
  SEAL_FAILED: "The sealed bytes were not made for this key, or were changed on the way.",
  REPLY_FAILED: "The reply was not made with this SURB, or was changed on the way.",
  MESSAGE_TOO_LARGE: "The message is larger than this network carries.",
  NO_PATH: "Too few mixes or operators are alive to hide a message among others.",
  NO_CONSENSUS: "There is no current list of the network's nodes.",
  CONSENSUS_STALE: "The list of the network's nodes is out of date.",
  CONSENSUS_FORGED: "The list of the network's nodes is not signed by enough authorities.",
  CONSENSUS_SPLIT: "Two lists of the network's nodes for one epoch differ.",
  VERSION_NEWER: "This network needs a newer Starling.",
  RECORD_FORGED: "The recipient's key record is not signed by its owner.",
  RECORD_UNUSABLE: "The recipient's key record holds no usable key.",
  RECORD_EXPIRED: "The recipient's key has expired.",
  CLOCK_WRONG: "This computer's clock differs too much from the network's.",
  PROVIDER_DOWN: "The provider cannot be reached.",
  REFUSED: "The provider refused the request.",
  BAD_INVITE: "The provider does not know this invite, or it was used.",
  NAME_TAKEN: "The address is taken.",
  TOO_MANY_NAMES: "The provider says no more today about which addresses are taken: too many were asked for.",
  NAME_INVALID: "The provider does not give out addresses of this form.",
  NO_ACCOUNT: "This device has no account at the provider.",
  TOO_MANY_DEVICES: "The account has as many devices as it may have.",
  ACCOUNT_DIFFERS: "The provider names another account than the device that let this one in.",
  DEVICE_NEWER: "The device that let this one in runs a newer Starling.",
  DEVICE_OLDER: "The device that let this one in runs an older Starling: it needs the newest, and a new code.",
  NO_TOKENS: "The requests that this network allows to one provider are used up for now.",
  SERVICE_TIMEOUT: "The service did not answer in time.",
} as const;

export type TransportErrorCode = keyof typeof TRANSPORT_ERRORS;

export class TransportError extends Error {
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, detail?: string) {
    super(detail === undefined ? TRANSPORT_ERRORS[code] : `${TRANSPORT_ERRORS[code]} ${detail}`);
    this.name = "TransportError";
    this.code = code;
  }
}
