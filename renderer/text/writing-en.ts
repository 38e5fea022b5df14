/** The sentences of the composer, in English, and what it says of readers. */

import { count } from "./words-en.ts";

/** Undefined: nothing can leave now. */
const arrives = (duration: string | undefined): string =>
  duration === undefined ? "leaves when the network is back" : `arrives in ${duration}`;

export const writingEn = {
  compose: {
    label: "Write a mail",
    to: "To",
    toHint: "Name or address",
    remove: (name: string) => `Remove ${name}`,
    notAnAddress: (text: string) =>
      `“${text}” is not an address. One looks like bob@provider.example and has no space in it.`,
    subject: "Subject",
    text: "Your mail",
    textHint: "Write…",
    attach: "Attach files",
    attaching: (name: string) => `Adding ${name}…`,
    attachments: "Attachments",
    removeAttachment: (name: string) => `Remove ${name}`,
    cost: (duration: string) => `adds ${duration}`,
    noCost: "adds no time",
    long: "A mail this long stands out to somebody who watches the network and also runs your reader’s provider. Shorter ones hardly do.",
    veryLong:
      "A mail this long is on its way for hours. Somebody who watches the network and also runs your reader’s provider may well find that you sent it.",
    emptyMail: "This mail has no subject, no text and no attachment. Press again to send it as it is.",
    saved: "Saved",
    saving: "Saving…",
    unsaved: "Not saved yet",
    discard: "Throw away",
    closeKeeping: "Close and keep as a draft",
    title: {
      empty: "New mail",
      looking: "New mail, looking up keys",
      private: "New private mail, mixed",
      verified: "New private and verified mail, mixed",
      direct: "New private mail, direct",
      blocked: "New mail, not private yet",
    },
    send: {
      ready: (duration: string) => `Send privately, arrives in ${duration}`,
      direct: (duration: string) => `Send privately but directly, arrives in ${duration}`,
      sureLong: (duration: string | undefined) => `Send this long mail, ${arrives(duration)}`,
      sureEmpty: (duration: string | undefined) => `Send this empty mail, ${arrives(duration)}`,
      waits: "Send privately, leaves when the network is back",
      removed: "Join again to send",
      ended: "Cannot send: this window has lost the program",
      sending: "Encrypting…",
      noRecipient: "Add a reader to send",
      unfinished: (text: string) => `“${text.slice(0, 40)}” in To is no reader yet`,
      looking: (address: string) => `Looking up ${address}…`,
      blocked: (name: string, others: number) =>
        others === 0
          ? `Cannot send privately to ${name}`
          : `Cannot send privately to ${name} and ${count(others, "other", "others")}`,
    },
    sendKeys: "Ctrl+Enter",
    sent: (duration: string) => `On its way, arrives in ${duration}.`,
    sentLater: "Encrypted and kept here. It leaves by itself when the network is back.",
    discarded: "Draft thrown away.",
    undo: "Undo",
    importMail: "Open a mail file as a draft",
  },

  recipient: {
    looking: "looking up",
    private: "private",
    verified: "private and verified",
    changed: "key changed",
    expired: "key expired",
    unknown: "unknown",
    unavailable: "could not ask",
    says: {
      looking: (name: string) =>
        `Asking for ${name}’s key through the mix network, so that nobody learns you are about to write.`,
      private: (name: string) => `Only ${name} can read this mail.`,
      verified: (name: string) => `Only ${name} can read this mail, and you have compared safety numbers.`,
      changed: (name: string) =>
        `${name}’s key has changed. This happens with a new device, or if someone pretends to be ${name}. Compare safety numbers, or ask ${name} another way.`,
      expired: (name: string) => `${name}’s key has expired. It renews when ${name} next opens Starling.`,
      unknown: (name: string) =>
        `There is no Starling address ${name}. Check the spelling; to other mail addresses Starling cannot write yet.`,
      unavailable: (name: string) => `We could not ask for ${name}’s key. That says nothing about ${name}; try again.`,
    },
    pathSays: {
      mixed: "Mixed: nobody sees that you write to them.",
      direct: "Direct: the providers see that you write to them.",
    },
    expected: (duration: string) => `Arrives in ${duration}.`,
    compare: "Compare safety numbers",
    accept: "Use the new key",
    ask: "Ask again",
    details: (name: string) => `About ${name}`,
  },

  safety: {
    title: (name: string) => `Safety number with ${name}`,
    body: (name: string) => `Call ${name}, or meet. If both of you see the same numbers, nobody stands between you.`,
    loading: "Working out the number…",
    match: "They are the same",
    unmatch: "Take it back",
    differ: "They differ, or not now",
    verified: "You have compared this number before.",
    changed: "The key has changed since you last compared.",
  },
};
