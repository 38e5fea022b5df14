/** The sentences about the account and its devices, in English: first run, unlocking, adding, removing. */

import { capital } from "./words-en.ts";

export const accountEn = {
  firstRun: {
    steps: (step: number) => `Page ${step} of 3`,
    inviteTitle: "A letter nobody sees you send",
    inviteBody:
      "Starling encrypts your mail and carries it through a flock of other people’s, so that nobody can tell who writes to whom. It begins with an invite from a provider.",
    invite: "Your invite",
    inviteHint: "One line that starts with starling:1:",
    continue: "Continue",
    joinInstead: "Join with a code from another device",
    joinTitle: "Join your other device",
    joinBody: "On the device that has your mail, open “Devices” and choose “Add a device”. Bring here what it shows.",
    joinLine: "The line",
    joinLineHint:
      "One line that starts with starling:1:. It fills in the code too. Any invite of your provider does as well: then type the code.",
    joinCode: "The code",
    joinCodeHint: "26 letters and digits. Capitals, spaces and hyphens do not matter.",
    joinCodeBad: "A code has letters and the digits 2 to 7. A 0 is an o, a 1 an l or an i; and there are 26 in all.",
    deviceTitle: "What is this device called?",
    deviceBody: (provider: string, network: string) =>
      `Your other devices show the name; your provider ${provider}, on the network ${network}, cannot read it.`,
    deviceName: "Name of this device",
    deviceNameHint: "Such as “Laptop” or “Office”.",
    devicePassphraseHint: "For this device: four or more unrelated words. It never leaves this computer.",
    join: "Join",
    joining: "Asking the provider for what your other device left here…",
    joinErrors: {
      PROVIDER_DOWN: {
        what: "This device did not join: the provider does not answer.",
        safe: "Nothing was stored here. The code is still good until the time that your other device shows.",
        todo: "Check your internet connection, then try again with the same code.",
      },
    },
    createErrors: {
      PROVIDER_DOWN: {
        what: "The account was not made: the provider does not answer.",
        safe: "Nothing was stored here.",
        todo: "Check your internet connection, then try again with the same invite.",
      },
    },
    joinedBody: (address: string) =>
      `This device is one of ${address} now. New mail comes here too; what came before stays on your other devices.`,
    reading: "Reading the invite…",
    whoTitle: "What shall people call you?",
    whoBody: (provider: string, network: string) => `Your address will be at ${provider}, on the network ${network}.`,
    demo: "This is a demonstration network on one computer. It hides nothing; use it to try things out.",
    name: "Your name",
    nameHint: "Readers see it beside your address.",
    localPart: "Your address",
    passphrase: "Passphrase",
    passphraseHint: "Four or more unrelated words. It never leaves this computer.",
    passphraseAgain: "Passphrase again",
    passphraseDiffers: "The two are not the same.",
    localPartBad: "Use small letters, digits, dots and hyphens.",
    create: "Make my address",
    creating: "Making your keys and asking the provider…",
    doneTitle: (name: string) => `Welcome, ${name}`,
    doneBody: (address: string) =>
      `${address} is yours. Starling is already sending cover: mail leaves among it, unseen.`,
    recoveryTitle: "Before you go on",
    recoveryBody:
      "Write your passphrase down and keep the paper where you keep your passport. Nobody, not even your provider, can open your mail without it.",
    saved: "I have written it down",
    toMail: "Open my mail",
  },

  unlock: {
    title: "Starling is locked",
    body: (address: string) =>
      address === ""
        ? "Your mail is encrypted on this computer."
        : `The mail of ${address} is encrypted on this computer.`,
    passphrase: "Passphrase",
    unlock: "Unlock",
    unlocking: "Opening your mail…",
  },

  devices: {
    title: "Devices",
    loading: "Asking your provider which devices there are…",
    connecting: "Connecting to your provider…",
    /** What a computer is called that has no name yet. */
    kinds: {
      windows: "Windows computer",
      mac: "Mac",
      linux: "Linux computer",
      telephone: "Telephone",
      other: "Computer",
    },
    lead: "Every device gets all new mail and writes as you.",
    leadHint:
      "What came before a device joined is not copied to it, and what you send stays on the device that sent it. Your provider sees how many devices you have and when they fetch mail, not what they are called.",
    list: "Your devices",
    unnamed: "Device without a name",
    joining: "A device that is joining",
    joiningHint: "It has used the code and not finished yet. Remove it if it is not yours.",
    unfinished: "Used a code and did not finish",
    unfinishedHint: (day: string) =>
      `Since ${day}. It gets no mail, but has the keys that the code gave. If this was a device of yours, join again there, or remove this. If not, remove it, open a new account and tell your readers.`,
    thisUnnamed: "This device",
    isThis: "this device",
    since: (day: string) => `since ${day}`,
    seen: (day: string) => `last seen ${day}`,
    facts: (facts: readonly string[]) => capital(facts.join(", ")),
    only: "This is your only device. If it is lost, so is your mail: a second one keeps what comes from now on.",
    add: "Add a device",
    showCode: "Show the code",
    offered: (clock: string) => `A code for a new device holds until ${clock}.`,
    rename: "Rename",
    renameTitle: "What is this device called?",
    renameField: "Name",
    save: "Save",
    remove: "Remove",
    removeNamed: (name: string) => `Remove ${name}`,
    removeTitle: (name: string) => `Remove ${name}?`,
    removeBody: "It gets no new mail from now on and cannot write as you any more.",
    removeUnfinished: "It leaves this list, and your devices make keys for coming mail that it does not have.",
    removeRest:
      "What it has already got stays on it, locked with its passphrase. If somebody has it unlocked, they have your keys as well: then open a new account and tell your readers.",
    removeYes: "Remove it",
    removing: "Telling your provider…",
    keep: "Keep it",
    removed: (name: string) => `${name} was removed.`,
    later: "The list comes when your provider answers again.",
    errors: {
      PROVIDER_DOWN: {
        what: "That was not done, or not confirmed: your provider does not answer.",
        safe: "Nothing is half done, and mail you sent waits encrypted on this computer.",
        todo: "When the provider is back, look at the list, and try again.",
      },
    },
  },

  removed: {
    rejoin: "Join again",
    title: "Join your account again",
    body: "On another of your devices, open “Devices” and choose “Add a device”. What is here stays, and mail from now on comes here too.",
    done: "This device is one of your account again.",
  },

  addDevice: {
    title: "Add a device",
    body: "On the new device, start Starling and choose “Join with a code from another device”. Then bring it one of these.",
    preparing: "Leaving what it needs with your provider, sealed…",
    line: "One line to copy",
    lineHint: "It holds the code: carry it over yourself and send it to nobody.",
    code: "Or the code, to type",
    codeHint:
      "The new device then asks for your provider’s line as well: any invite of your provider, or the line above as far as the #, which is no secret.",
    secret: "Whoever uses the code first can read your mail.",
    until: (clock: string) => `Holds until ${clock}, for one device.`,
    over: "This code is over: it lets nobody in any more.",
    fresh: "New code",
    waiting: "Waiting for the new device…",
    joining: "A device has used the code and is joining…",
    joined: (name: string) => `${name} has joined.`,
    comesAlong:
      "Your address and keys come along, and the keys of people you write to, as far as there is room: those you have compared first.",
    cancel: "Take the code back",
    done: "Done",
  },
};
