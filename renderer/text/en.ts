/**
 * Every sentence of the window in English. A sentence with something in it is a function, so that another language may
 * order and inflect as it needs; a new language is one more object of type `Texts`.
 */

import { errorsEn } from "./errors-en.ts";

const plural = new Intl.PluralRules("en");
const count = (n: number, one: string, other: string): string =>
  `${n.toLocaleString("en")} ${plural.select(n) === "one" ? one : other}`;
const list = new Intl.ListFormat("en", { type: "conjunction" });

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
      todo: "Go on there, or reload this page to continue here.",
    },
    lost: {
      what: "This window has lost the program.",
      safe: "Whatever was saved or sent is safe; Starling may still be mixing in the background.",
      todo: "Reload this page, or start Starling again.",
    },
    reload: "Reload",
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
    network: "Network",
    write: "Write",
    lock: "Lock",
    find: "Find or do",
    unread: (n: number) => count(n, "unread conversation", "unread conversations"),
  },

  status: {
    label: "State of the network",
    connecting: "Connecting to your provider",
    mixing: (perMinute: string, data: string) => `Mixing, ${perMinute} packets a minute, ${data} since unlocking`,
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
    notAnAddress: (text: string) => `“${text}” is not an address.`,
    subject: "Subject",
    text: "Your mail",
    textHint: "Write…",
    attach: "Attach files",
    attaching: (name: string) => `Adding ${name}…`,
    attachments: "Attachments",
    removeAttachment: (name: string) => `Remove ${name}`,
    cost: (duration: string) => `adds ${duration}`,
    noCost: "adds no time",
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
      waits: "Send privately, leaves when the network is back",
      sending: "Encrypting…",
      noRecipient: "Add a reader to send",
      looking: (address: string) => `Looking up ${address}…`,
      blocked: (name: string, others: number) =>
        others === 0
          ? `Cannot send privately to ${name}`
          : `Cannot send privately to ${name} and ${count(others, "other", "others")}`,
    },
    sendKeys: "Ctrl+Enter",
    sent: (duration: string) => `On its way, arrives in ${duration}.`,
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
      mixing: "Your mail is mixing as it should.",
      "provider-down": "Your provider does not answer. Mail you send waits here, encrypted.",
      "too-small": "Too few mixes or operators are alive to hide you. Mail you send waits here, encrypted.",
      stale: "The list of mixes is out of date. Mail you send waits here, encrypted.",
      "clock-wrong": "This computer’s clock is wrong by hours. Set it, and mail continues by itself.",
      "too-old": "This network needs a newer Starling. Mail you send waits here, encrypted, until you install it.",
      untrusted: "The list of mixes is not signed as it should be. Nothing leaves until it is.",
    },
    small:
      "This network is small: there are few others to hide among. Someone who watches all of it for long may guess who writes to whom. It gets better with everyone who joins.",
    demo: "This is a demonstration network on one computer. It hides nothing.",
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
    profileBody: "A change takes effect at the next midnight UTC, so that it tells nobody when you write.",
    profileName: { mail: "Mail", chat: "Chat" },
    profileCost: (perDay: string, perMinute: string) => `${perDay} a day, ${perMinute} packets a minute`,
    profileTime: (duration: string) => `a short mail arrives in ${duration}`,
    closePage: "Back to mail",
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
  },
};

/** The shape every language has. */
export type Texts = typeof en;
