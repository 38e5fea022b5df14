/** What to say for each code that can cross from the program: what did not happen, what is safe now, one thing to do. */

import type { ErrorCode } from "#main/contract/contract.ts";

export interface ErrorText {
  readonly what: string;
  readonly safe: string;
  readonly todo: string;
}

export const errorsEn: Readonly<Record<ErrorCode, ErrorText>> = {
  UNKNOWN_METHOD: {
    what: "That did not happen: this window and the program are of different versions.",
    safe: "Your mail and drafts are unchanged.",
    todo: "Close this window and start Starling again.",
  },
  BAD_INPUT: {
    what: "That was not accepted: something is missing or too long.",
    safe: "What you wrote is still here.",
    todo: "Check the fields and try again.",
  },
  INTERNAL: {
    what: "That did not happen, because of a fault in Starling.",
    safe: "Your mail and drafts are unchanged.",
    todo: "Try once more; if it happens again, start Starling again.",
  },
  LOCKED: {
    what: "That did not happen: Starling is locked.",
    safe: "Your mail is encrypted on this computer.",
    todo: "Unlock it with your passphrase.",
  },
  NO_ACCOUNT: {
    what: "There is no account on this computer yet.",
    safe: "Nothing was changed.",
    todo: "Start with an invite from your provider.",
  },
  DEVICE_UNKNOWN: {
    what: "This device is no longer one of your account: another of your devices removed it, or your provider lost its entry.",
    safe: "Mail and drafts that are here stay here and can be read. Nothing leaves this device any more, and nothing new comes.",
    todo: "To use it again, choose “Add a device” on another of your devices and join here with its code. Without another device, ask your provider.",
  },
  ACCOUNT_EXISTS: {
    what: "No new account was made: there is already one on this computer.",
    safe: "That account and its mail are unchanged.",
    todo: "Unlock it with its passphrase.",
  },
  WRONG_PASSPHRASE: {
    what: "This is not the passphrase of this account.",
    safe: "Your mail stays encrypted; nothing was changed.",
    todo: "Type it again, and check the keyboard layout.",
  },
  WEAK_PASSPHRASE: {
    what: "The account was not made: this passphrase is too easy to guess.",
    safe: "Nothing has been sent or stored.",
    todo: "Take four or more unrelated words.",
  },
  BAD_INVITE: {
    what: "This invite cannot be read, or it has been used up.",
    safe: "Nothing has been sent or stored.",
    todo: "Copy the whole line again, or ask your provider for a new one.",
  },
  ADDRESS_TAKEN: {
    what: "The account was not made: someone already has this address.",
    safe: "Your invite is still good.",
    todo: "Choose another name before the @.",
  },
  TOO_MANY_NAMES: {
    what: "The account was not made: this provider says no more today about which addresses are taken, for too many were asked for with this invite or from this network.",
    safe: "Nothing has been stored. Your invite is still good.",
    todo: "Try again tomorrow: the provider’s day begins at 0:00 UTC.",
  },
  SIGNUP_CLOSED: {
    what: "The account was not made: this provider takes no new accounts.",
    safe: "Nothing has been stored.",
    todo: "Ask the provider, or use an invite from another one.",
  },
  BAD_DEVICE_CODE: {
    what: "This device did not join: the code does not fit. It may be mistyped, used already, or older than a quarter of an hour.",
    safe: "Nothing was stored here, and your other devices are unchanged.",
    todo: "Compare it with your other device, or let that one show a new code.",
  },
  ACCOUNT_DIFFERS: {
    what: "This device did not join: what the provider handed over is not what your other device left there.",
    safe: "It was refused, and nothing was stored here.",
    todo: "Look at the devices on your other one and remove what you do not know; then ask your provider.",
  },
  CODE_USED: {
    what: "The code was not taken back: a device has already used it.",
    safe: "It lets in no other device.",
    todo: "Look at “Devices”. Remove the new one if it is not yours.",
  },
  DEVICE_NEWER: {
    what: "This device did not join: your other device has a newer Starling, whose data this one cannot read.",
    safe: "Nothing was stored here. Your other device and your mail are unchanged.",
    todo: "Install the newest Starling on this device, and let the other one show a new code.",
  },
  DEVICE_OLDER: {
    what: "This device did not join: your other device has an older Starling, whose data this one does not take.",
    safe: "Nothing was stored here. Your other device and your mail are unchanged.",
    todo: "Install the newest Starling on your other device, and let it show a new code.",
  },
  TOO_MANY_DEVICES: {
    what: "No device was added: the account has as many as it may have.",
    safe: "The devices that are there are unchanged.",
    todo: "Remove one that you no longer use.",
  },
  STORE_DAMAGED: {
    what: "Your mail was not opened: its file on this computer has been changed or damaged.",
    safe: "Starling has not written to it. Mail you have not fetched yet still waits at your provider.",
    todo: "Make a copy of the data folder, then restore your last backup.",
  },
  DISK_FULL: {
    what: "That was not saved: the disk is full.",
    safe: "Everything saved before is intact, and new mail waits at your provider.",
    todo: "Free some space, then try again.",
  },
  UNKNOWN_RECIPIENT: {
    what: "The mail was not sent: the provider knows no such address.",
    safe: "It is kept in your drafts.",
    todo: "Check the spelling of the address.",
  },
  LOOKUP_FAILED: {
    what: "The mail was not sent: we could not ask for the reader’s key.",
    safe: "It is kept in your drafts.",
    todo: "Try again in a few minutes.",
  },
  LOOKUPS_USED_UP: {
    what: "The mail was not sent: today’s questions for readers’ keys at this provider are used up.",
    safe: "It is kept in your drafts.",
    todo: "Write to this reader tomorrow. Mail to readers whose keys are here goes out as ever.",
  },
  KEY_EXPIRED: {
    what: "The mail was not sent: the reader’s key has expired.",
    safe: "It is kept in your drafts, encrypted.",
    todo: "Ask the reader to open Starling; that renews the key.",
  },
  KEY_CHANGED: {
    what: "The mail was not sent: the reader’s key has changed. A new device does this; so does someone who pretends to be them.",
    safe: "It is kept in your drafts, encrypted.",
    todo: "Compare safety numbers with the reader, by telephone or in person.",
  },
  NOT_PRIVATE: {
    what: "The mail was not sent: it could not be private to every reader.",
    safe: "It is kept in your drafts, encrypted.",
    todo: "Remove the readers who are marked.",
  },
  MESSAGE_TOO_LARGE: {
    what: "That was not added or sent: the mail would be larger than the network carries.",
    safe: "The rest of the mail is kept in your drafts.",
    todo: "Remove an attachment, or send it in several mails.",
  },
  NO_RECIPIENT: {
    what: "The mail was not sent: it has no reader.",
    safe: "It is kept in your drafts.",
    todo: "Add an address.",
  },
  NOT_FOUND: {
    what: "This is no longer here.",
    safe: "Nothing else was changed.",
    todo: "Go back to the list.",
  },
  PROVIDER_DOWN: {
    what: "Your provider does not answer, so nothing leaves at the moment.",
    safe: "Mail you sent waits encrypted on this computer and goes by itself when the provider is back.",
    todo: "You need not do anything; check your internet connection if this lasts.",
  },
  NETWORK_TOO_SMALL: {
    what: "Nothing leaves at the moment: too few mixes or operators are alive to hide who writes to whom.",
    safe: "Mail you sent waits encrypted on this computer and goes by itself.",
    todo: "Wait; Starling never sends it another way without asking.",
  },
  CONSENSUS_STALE: {
    what: "Nothing leaves at the moment: the list of mixes is out of date.",
    safe: "Mail you sent waits encrypted on this computer.",
    todo: "Check your internet connection; Starling asks for a new list by itself.",
  },
  CONSENSUS_FORGED: {
    what: "Nothing leaves: the list of mixes is not signed by those you trust.",
    safe: "The list was refused, and your mail waits encrypted on this computer.",
    todo: "Tell your provider, and try another internet connection.",
  },
  CONSENSUS_SPLIT: {
    what: "Nothing leaves: two different signed lists of mixes are going round.",
    safe: "Neither is used, and your mail waits encrypted on this computer.",
    todo: "Tell your provider; someone may be setting people apart.",
  },
  CLOCK_WRONG: {
    what: "Nothing leaves at the moment: this computer’s clock is wrong by hours.",
    safe: "What you write is kept in your drafts; mail you sent before waits encrypted on this computer.",
    todo: "Set the date and time; Starling notices within a minute.",
  },
  PROGRAM_TOO_OLD: {
    what: "This network needs a newer Starling.",
    safe: "Your mail waits encrypted on this computer.",
    todo: "Install the newest Starling; everything goes on from where it is.",
  },
  REFUSED: {
    what: "That did not happen: the program refused it or this window is no longer connected.",
    safe: "Your mail and drafts are unchanged.",
    todo: "Close this window and open Starling again.",
  },
};
