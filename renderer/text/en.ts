/**
 * Every sentence of the window in English. A sentence with something in it is a function, so that another language may
 * order and inflect as it needs; a new language is one more object of type `Texts`.
 */

import { accountEn } from "./account-en.ts";
import { errorsEn } from "./errors-en.ts";
import { count } from "./words-en.ts";
import { writingEn } from "./writing-en.ts";

const list = new Intl.ListFormat("en", { type: "conjunction" });

export const en = {
  locale: "en-GB",
  errors: errorsEn,
  ...accountEn,
  ...writingEn,

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
    /** It has left: whether it is there by now, nobody can know before an answer. */
    storedUnknown: "Not confirmed yet",
    reader: "The reader",
    delivered: (time: string) => `Delivered ${time}`,
    expected: (when: string) => `Expected ${when}`,
    noReceipt: "No receipt yet",
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

  network: {
    title: "The network",
    loading: "Asking how things are…",
    strip: "What left your line in the last minute",
    stripBody:
      "Each mark is one packet. Some may carry your mail and some are cover. They look the same here because they look the same on the wire: that is the point.",
    stripLabel: (n: number) => `${count(n, "packet", "packets")} left in the last minute`,
    stripShort: (n: number) =>
      `${count(n, "packet", "packets")} left in the last minute; of so many the last 10 s are drawn`,
    minuteAgo: "a minute ago",
    secondsAgo: "10 s ago",
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
    loopsNone: "None counted yet",
    loopsUntil: (clock: string) => `Counted of those that left until ${clock}.`,
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
    profileTime: (duration: string) => `A short mail arrives in ${duration}`,
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
