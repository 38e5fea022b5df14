/** People and mail for the fake program: enough of each kind that every screen has something true to show. */

import type { Message, NetworkState, Person, Recipient } from "#main/contract/contract.ts";

export const ALICE: Person = { address: "alice@a.example", name: "Alice Moreau" };
export const INVITE = "starling:1:AAECAwQFBgcICQ";
/** As long as a real one. */
export const INVITE_OF_PROVIDER = `starling:1:${"AAECAwQFBgcICQoLDA0ODw".repeat(6)}`;
export const DEVICE_CODE = "7bdq2-kx4mw-o3vra-u5hte-zn6gpy";
export const PASSPHRASE = "heron lantern quiet orchard";

export interface FakePerson extends Person {
  readonly state: Recipient["state"];
  readonly path: Recipient["path"];
  /** How long mail to them waits in a box, on top of its way to a mailbox. */
  readonly boxSeconds?: number;
}

const person = (name: string, address: string, state: Recipient["state"], path: Recipient["path"] = "mixed") => ({
  name,
  address,
  state,
  path,
});

export const bob = person("Bob Adeyemi", "bob@b.example", "verified");
export const carol = person("Carol Nyström", "carol@b.example", "private");
export const dan = person("Dan Okafor", "dan@b.example", "changed");
export const erin = person("Erin Walsh", "erin@a.example", "expired");
export const frank = person("Frank Ito", "frank@c.example", "unavailable");
export const grace = person("Grace Haddad", "grace@ordinary.example", "private", "direct");
const layla = person("ليلى حداد", "layla@b.example", "private");
const news = person("The Reed", "letters@reed.example", "private", "direct");

export const people: readonly FakePerson[] = [bob, carol, dan, erin, frank, grace, layla];

export interface FakeMail extends Partial<Pick<Message, "content" | "path" | "signature" | "unread" | "delivery">> {
  readonly from: Person;
  readonly to?: Person[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  /** Milliseconds before now. */
  readonly ago: number;
  readonly files?: readonly { readonly name: string; readonly type: string; readonly bytes: number }[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const sampleMail: readonly FakeMail[] = [
  {
    from: bob,
    subject: "The second draft",
    text: "Dear Alice,\n\nthe second draft is attached. I have taken out the paragraph about the harbour, as you asked, and moved the interviews to the end.\n\nCould you look at page four before Thursday? The rest can wait.\n\nBob",
    ago: 2 * DAY,
  },
  {
    from: ALICE,
    to: [bob],
    subject: "The second draft",
    text: "Dear Bob,\n\nI will read it on the train tonight.\n\nAlice",
    ago: 2 * DAY - 3 * HOUR,
    delivery: "delivered",
  },
  {
    from: bob,
    subject: "The second draft",
    text: "Dear Alice,\n\nthank you. One more thing: the map on page four was drawn before the road was closed, so I have asked for a new one. It should be here tomorrow, and then we can send the whole to the printer. The old one is at https://maps.example/harbour/2019 if you want to compare.\n\nAnd yes, tea on Sunday.\n\nBob\n\nOn Friday, Alice Moreau wrote:\n> I will read it on the train tonight.\n>\n> Alice",
    ago: 24 * MINUTE,
    unread: true,
    content: "verified",
    files: [
      { name: "second-draft.pdf", type: "application/pdf", bytes: 412_800 },
      { name: "page-four.png", type: "image/png", bytes: 96_300 },
    ],
  },
  {
    from: carol,
    subject: "Tea on Sunday?",
    text: "Half past three, at the usual place. I shall bring the letters.",
    ago: 3 * HOUR,
    unread: true,
  },
  {
    from: ALICE,
    to: [carol],
    subject: "The letters from 1961",
    text: "Dear Carol,\n\nhere are the first forty, scanned. The ink has faded badly on some; tell me which ones you cannot read and I will try again with better light.\n\nAlice",
    ago: 4 * MINUTE,
    delivery: "mixing",
    files: [{ name: "letters-1961.zip", type: "application/zip", bytes: 2_840_000 }],
  },
  {
    from: layla,
    subject: "صور من المكتبة",
    text: "عزيزتي أليس،\n\nهذه هي الصور التي وعدتك بها من المكتبة القديمة. سأكتب لك المزيد يوم الأحد.\n\nليلى",
    ago: 6 * HOUR,
    files: [{ name: "library.zip", type: "application/zip", bytes: 1_900_000 }],
  },
  {
    from: news,
    subject: "The Reed, winter letter",
    text: "The winter letter is here: ice on the lake, and three new books.",
    html: '<style>body{font-family:Georgia,serif} .card{background-color:#f3efe6;padding:24px;border-radius:6px} h1{color:#243b53;font-weight:normal;margin:0 0 12px} a{color:#1b5e6b}</style><div class="card"><h1>The winter letter</h1><p>Ice on the lake, and three new books. <img src="https://track.example/p.gif" width="1" height="1"></p><p>Read <a href="https://reed.example/winter">the whole letter</a>, or see <a href="https://evil.example/login">www.reed.example/account</a> to change how we write to you.</p><table cellpadding="8" border="0"><tr><td bgcolor="#dfe7e3">Monday</td><td>The lake in January</td></tr><tr><td bgcolor="#dfe7e3">Friday</td><td>On keeping letters</td></tr></table></div>',
    ago: DAY + 2 * HOUR,
    content: "open",
    path: "direct",
    signature: "none",
  },
  {
    from: dan,
    subject: "New telephone",
    text: "I have a new telephone, so you may see a notice about my key. Ring me and we compare.",
    ago: DAY + 5 * HOUR,
    signature: "key-changed",
  },
  {
    from: erin,
    subject: "Minutes of the meeting",
    text: "",
    ago: 3 * DAY,
    content: "broken",
    signature: "invalid",
  },
  {
    from: carol,
    to: [ALICE],
    subject: "Reading list for the winter",
    text: "Five this time, none of them long. The second one you will dislike at first.",
    ago: 5 * DAY,
  },
  {
    from: bob,
    subject: "Keys to the archive",
    text: "They are with the porter, in an envelope with your name on it.",
    ago: 9 * DAY,
    content: "verified",
  },
  {
    from: ALICE,
    to: [erin],
    subject: "The invoice",
    text: "Dear Erin,\n\nthe invoice for October is attached.\n\nAlice",
    ago: 11 * DAY,
    delivery: "failed",
  },
];

export function sampleNetwork(now: number): NetworkState {
  // Irregular, as a Poisson process is, but the same in every run.
  const departures: number[] = [];
  for (let at = now - 58_000, step = 7; at < now; step = (step * 5 + 3) % 17) {
    departures.push(Math.round(at));
    at += 700 + step * 310;
  }
  return {
    state: "mixing",
    name: "Demonstration",
    kind: "live",
    profile: "mail",
    profiles: [
      { name: "mail", megabytesPerDay: 264, packetsPerMinute: 2.9, expectedSeconds: 47 },
      { name: "chat", megabytesPerDay: 3_400, packetsPerMinute: 30, expectedSeconds: 3.6 },
    ],
    epoch: 481,
    mixes: 42,
    operators: 17,
    providers: 9,
    small: true,
    sentToday: { packets: 712, bytes: 20_414_000 },
    receivedToday: { polls: 1_204, bytes: 28_692_000 },
    loops: { sent: 143, returned: 142 },
    recentLoops: { sent: 10, returned: 10, until: now - 80_000 },
    queuedFragments: 3,
    departures,
  };
}
