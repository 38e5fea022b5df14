/**
 * Every sentence of the window in English. A sentence with something in it is a function, so that another language may
 * order and inflect as it needs; a new language is one more object of type `Texts`.
 */

import { errorsEn } from "./errors-en.ts";

const plural = new Intl.PluralRules("en");
const count = (n: number, one: string, other: string): string =>
  `${n.toLocaleString("en")} ${plural.select(n) === "one" ? one : other}`;
const list = new Intl.ListFormat("en", { type: "conjunction" });

/** Undefined: nothing can leave now. */
const arrives = (duration: string | undefined): string =>
  duration === undefined ? "leaves when the network is back" : `arrives in ${duration}`;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const en = {
  locale: "en-GB",
  errors: errorsEn,

  app: {
    name: "Starling",
    opening: "Opening your mail…",
    connecting: "Waiting for the program to answer…",
    tryAgain: "Try again",
    close: "Close",
    dismiss: "Dismiss",
    back: "Back",
    cancel: "Cancel",
    notLetIn: {
      what: "This window was not let in.",
      safe: "The address works once, so that no other page can use it.",
      todo: "Open the address that Starling printed last, or start Starling again.",
    },
    replaced: {
      what: "Starling is open in a newer window.",
      safe: "Your mail and drafts are unchanged.",
      todo: "Go on there and close this one.",
    },
    lost: {
      what: "This window has lost the program.",
      safe: "Whatever was saved or sent is safe; Starling may still be mixing in the background.",
      todo: "Reload this page, or start Starling again.",
    },
    reload: "Reload",
    takeOver: "Use this window instead",
  },

  mark: {
    private: "private",
    verified: "private and verified",
    open: "open",
    broken: "damaged",
    mixed: "mixed",
    direct: "direct",
    /** The two words together, as they stand beside the glyph. */
    both: (content: string, path: string) => `${content}, ${path}`,
    readableBy: {
      private: (people: string) => `Only you and ${people} can read this.`,
      verified: (people: string) => `Only you and ${people} can read this, and you have compared keys.`,
      open: (people: string) => `Anyone on the way could read this, not only you and ${people}.`,
      broken: () => "This message was damaged or changed on the way, so it is not shown.",
    },
    pathSays: {
      mixed: "It went through the mix network, which hides who wrote to whom.",
      direct: "It went directly: the providers saw who wrote to whom.",
    },
    signature: {
      valid: "Signed by the sender; nothing was changed.",
      none: "Not signed: anyone could have written this.",
      invalid: "The signature does not fit: the text was changed, or it is not from this sender.",
      "unknown-key": "Signed with a key we do not know, so we cannot tell by whom.",
      "address-differs": "Signed by someone else than the sender it names.",
      "key-changed": "Signed with a new key of this sender. Compare safety numbers before you rely on it.",
    },
  },

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

  folders: {
    label: "Folders",
    inbox: "Inbox",
    sent: "Sent",
    drafts: "Drafts",
    devices: "Devices",
    network: "Network",
    write: "Write",
    lock: "Lock",
    find: "Find or do",
    unread: (n: number) => count(n, "unread conversation", "unread conversations"),
  },

  status: {
    label: "State of the network",
    /** The window lost its program: what it knew is over. */
    ended: "This window no longer hears from Starling",
    lossy: "Mixing, but some packets are lost on the way and sent again",
    connecting: "Connecting to your provider",
    removed: "This device is no longer one of your account; nothing leaves",
    mixing: (perMinute: string, data: string) => `Mixing, ${perMinute} packets a minute, ${data} since unlocking`,
    "provider-losing": "Your provider loses packets; what is lost is sent again",
    "line-unsteady": "The line to your provider keeps breaking; mail waits here while it is down",
    "clock-off": "This computer’s clock is not quite right; mail leaves, but stands out",
    "provider-down": "Your provider does not answer; mail waits here",
    "too-small": "Too few mixes are alive; mail waits here",
    stale: "The list of mixes is out of date; mail waits here",
    "clock-wrong": "This computer’s clock is wrong; mail waits here",
    "too-old": "This network needs a newer Starling; mail waits here",
    untrusted: "The list of mixes is not to be trusted; mail waits here",
  },

  list: {
    label: { inbox: "Inbox", sent: "Sent mail", drafts: "Drafts", search: "Found" },
    search: "Search mail",
    clearSearch: "Clear the search",
    loading: "Fetching your conversations…",
    searching: "Searching…",
    older: "Older mail",
    me: "you",
    people: (names: readonly string[]) => list.format(names),
    noSubject: "No subject",
    messages: (n: number) => count(n, "message", "messages"),
    attachment: "has attachments",
    unread: "unread",
    noRecipient: "No reader yet",
    empty: {
      inbox: {
        title: "No mail yet",
        body: "When someone writes to you, it appears here. Until then, cover traffic keeps your line busy.",
      },
      sent: { title: "Nothing sent yet", body: "What you send is kept here, with the way it took." },
      drafts: { title: "No drafts", body: "What you write is saved as you type and waits here." },
      search: { title: "Nothing found", body: "Try fewer letters, or another word from the mail." },
    },
    writeFirst: "Write a mail",
  },

  thread: {
    label: "Conversation",
    loading: "Opening the conversation…",
    none: "Choose a conversation to read it here.",
    noneKeys: "Ctrl+K finds people, mail and commands.",
    back: "Back to the list",
    reply: "Reply",
    to: (people: string) => `to ${people}`,
    toYou: "to you",
    you: "You",
    showQuote: "Show what was quoted",
    hideQuote: "Hide what was quoted",
    openMessage: (name: string) => `Open the message of ${name}`,
    details: "Who could read this?",
    showHtml: "Show the sender’s layout",
    showText: "Show the plain text",
    htmlLoading: "Preparing the sender’s layout…",
    htmlFrame: "The message as its sender laid it out",
    htmlNote: "Shown without scripts and without fetching anything from the internet.",
    htmlRemoved: (n: number) =>
      `${count(n, "remote picture or file was", "remote pictures or files were")} left out; fetching them would tell the sender that you read this.`,
    links: "Links in this mail",
    empty: "This message has no text.",
    save: (name: string) => `Save ${name}`,
    attachments: "Attachments",
    replySubject: (subject: string) => (/^re:/i.test(subject) ? subject : `Re: ${subject}`),
    quoteIntro: (date: string, name: string) => `On ${date}, ${name} wrote:`,
  },

  link: {
    title: "Leave Starling?",
    body: "This opens in your web browser, directly: the site and your internet provider see that you visit it.",
    target: "It really goes to",
    shownAs: (text: string) => `The mail shows it as “${text}”.`,
    differs: "The mail shows another site than this one. That is how people are tricked.",
    open: "Open in the browser",
    stay: "Stay here",
    copy: "Copy the address",
  },

  delivery: {
    queued: "waiting to leave",
    mixing: "on its way",
    stored: "waiting at their provider",
    delivered: "delivered",
    failed: "not delivered",
  },

  journey: {
    title: "The way of this mail",
    show: "Show its way",
    hide: "Hide its way",
    loading: "Asking where it is…",
    for: (address: string) => `To ${address}`,
    you: "You",
    youDone: (time: string) => `Encrypted and queued ${time}`,
    provider: "Your provider",
    providerDone: (time: string) => `First packet left ${time}`,
    providerNow: (sent: number, total: number) => `${sent} of ${total} packets have left, among cover`,
    providerWait: "Leaves at the next ticks of your clock",
    mixes: "Three mixes",
    mixesNow: "Each holds it for a random time; none knows both ends",
    mixesDone: "Passed",
    theirProvider: (domain: string) => `Their provider, ${domain}`,
    otherProvider: "Another provider, which does not know for whom",
    someProvider: "Where it waits for its reader",
    stored: (time: string) => `Stored ${time}`,
    storedWait: "Not there yet",
    reader: "The reader",
    delivered: (time: string) => `Delivered ${time}`,
    expected: (when: string) => `Expected ${when}`,
    noReceipt: "Waits for the reader to fetch it",
    observer: "What an observer of your line saw: the same traffic as every other minute.",
    observerDelivered: "What an observer saw, here and there: the same traffic as every other minute.",
    waiting: {
      provider: "Your provider does not answer at the moment. The mail stays encrypted here and goes by itself.",
      network:
        "The network cannot carry this mail to its reader at the moment. It stays encrypted here and goes by itself.",
      key: "The reader’s key is not known yet. The mail stays encrypted here until it is.",
      none: "",
    },
    retry: "Send again",
  },

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

  network: {
    title: "The network",
    loading: "Asking how things are…",
    strip: "What left your line in the last minute",
    stripBody:
      "Each mark is one packet. Some may carry your mail and some are cover. They look the same here because they look the same on the wire: that is the point.",
    stripLabel: (n: number) => `${count(n, "packet", "packets")} left in the last minute`,
    ago: "a minute ago",
    now: "now",
    state: {
      connecting: "Connecting to your provider.",
      removed: "This device is no longer one of your account. Nothing leaves it any more.",
      mixing: "Your mail is mixing as it should.",
      "provider-losing": "Your provider loses or delays some of your packets. What is lost is sent again.",
      "line-unsteady":
        "The line to your provider keeps breaking. Mail waits here, encrypted, while it is down, and no cover leaves in that time.",
      "clock-off": "Your mail is mixing, but this computer’s clock is not quite right, and that makes it stand out.",
      "provider-down": "Your provider does not answer. Mail you send waits here, encrypted.",
      "too-small": "Too few mixes or operators are alive to hide you. Mail you send waits here, encrypted.",
      stale: "The list of mixes is out of date. Mail you send waits here, encrypted.",
      "clock-wrong": "This computer’s clock is wrong by hours. Set it, and mail continues by itself.",
      "too-old": "This network needs a newer Starling. Mail you send waits here, encrypted, until you install it.",
      untrusted: "The list of mixes is not signed as it should be. Nothing leaves until it is.",
    },
    clockOff: {
      what: "This computer’s clock differs from your provider’s by more than a second.",
      safe: "Mail leaves and nobody can read it. But whoever watches the network and your reader’s provider finds sooner that a long mail is yours.",
      todo: "Let the computer set its clock by the network. If it does so already, your provider’s clock may be wrong: tell them.",
    },
    losing: {
      what: "Your provider loses or delays some of what leaves you, or of what comes to you.",
      safe: "Nobody can read it. Lost parts are sent again by themselves, so mail arrives later, not less.",
      todo: "If this lasts for hours, tell your provider; if it stays, an account at another one is better.",
    },
    unsteady: {
      what: "The line to your provider has broken again and again within the last hour. It may be the network that you are on, something on the way, or your provider.",
      safe: "Nobody can read your mail. While the line is down it waits here, encrypted; what was lost is sent again. But no cover leaves in that time, and whoever breaks lines on purpose may watch whose mail stops.",
      todo: "Try another network. If it goes on in several, ask your provider why; if it stays, an account at another one is better.",
    },
    small:
      "This network is small: there are few others to hide among. Someone who watches all of it for long may guess who writes to whom. It gets better with everyone who joins.",
    demo: "This is a demonstration network on one computer. It hides nothing.",
    ended: (clock: string) => `This window no longer hears from Starling. What stands here is as of ${clock}.`,
    /** A lost packet shows only when its loop should long be home. */
    mixingUntil: (clock: string) => `Your mail is mixing as it should, by the loops that left until ${clock}.`,
    mixingUnknown: "Your mail is mixing. No loop has had the time to come home yet.",
    lossy: (returned: number, sent: number, clock: string) =>
      `Your mail is mixing, but of the last ${sent} loops until ${clock} only ${returned} came home: a mix or a line may have failed. What is lost of your mail is sent again.`,
    loops: "Loops that came home",
    loopsBody: "Starling sends letters to itself. As long as they come home, nobody is dropping your mail.",
    loopsValue: (returned: number, sent: number) => `${returned} of ${sent}`,
    loopsNone: "None sent yet",
    data: "Data since unlocking",
    dataValue: (sent: string, received: string) => `${sent} out, ${received} in`,
    dataBody: "The same amount whether you write or not.",
    size: "Who carries it",
    sizeValue: (mixes: number, operators: number) =>
      `${count(mixes, "mix", "mixes")} of ${count(operators, "operator", "operators")}`,
    sizeBody: (providers: number, name: string) =>
      `${count(providers, "provider", "providers")} on the network ${name}.`,
    queue: "Waiting to leave",
    queueValue: (n: number) => (n === 0 ? "Nothing" : count(n, "packet", "packets")),
    queueBody: "Mail leaves at the ticks of your clock, never sooner.",
    profile: "How fast, for how much data",
    profilesAlike: "In this network Mail and Chat are equally fast and cost the same, so there is nothing to choose.",
    profileBody: "A change takes effect at the next midnight UTC, so that it tells nobody when you write.",
    profileName: { mail: "Mail", chat: "Chat" },
    profileCost: (perDay: string, perMinute: string) => `${perDay} a day, ${perMinute} packets a minute`,
    profileTime: (duration: string) => `a short mail arrives in ${duration}`,
    closePage: "Back to mail",
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

  palette: {
    label: "Find people, mail and commands",
    hint: "Type a name, a word, or what you want to do",
    commands: "Commands",
    people: "Write to",
    mail: "Mail",
    nothing: "Nothing fits.",
    write: "Write a mail",
    inbox: "Go to the inbox",
    sent: "Go to sent mail",
    drafts: "Go to drafts",
    devices: "Look at your devices",
    network: "Look at the network",
    lock: "Lock Starling",
    importMail: "Open a mail file (.eml) as a draft",
  },

  time: {
    now: "just now",
    today: (clock: string) => clock,
    yesterday: (clock: string) => `yesterday ${clock}`,
    at: (day: string, clock: string) => `${day}, ${clock}`,
    seconds: (n: number) => `about ${n} s`,
    minutes: (n: number) => `about ${n} min`,
    hours: (h: number, m: number) => (m === 0 ? `about ${h} h` : `about ${h} h ${m} min`),
    days: (n: number) => `about ${count(n, "day", "days")}`,
    fewSeconds: "a few seconds",
    in: (duration: string) => `in ${duration}`,
    anyMoment: "any moment now",
    dayToday: "today",
    dayYesterday: "yesterday",
  },
};

/** The shape every language has. */
export type Texts = typeof en;
