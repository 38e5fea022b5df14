/** The models of docs/models.md, each searched to the end; and with one fault planted, each property fails. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { search } from "./search.ts";

const TWO_LISTS = /everSigned\[\(1-i\)\]/;
const SIGNS_TWICE = /everSigned\[i\]!=255/;
const NO_LIST = /inTime/;
const TWICE_ACCEPTED = /acceptedUnder/;
const NOT_SHOWN = /shown==1/;
const NOT_SHOWN_OR_NOT_TOLD = /shown==1|delivered|!\(seen\)/;

test("no two lists of one epoch, no second signature, and a list in time: in every run with three authorities of which one lies", async () => {
  await search("directory", {});
  await search("directory", { flags: ["CLOCK_SET_BACK", "MAX_KILLS=1"] });
});

/** What is planted, and the property that then fails. */
const DIRECTORY_FAULTS: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["forgets over a restart that it had begun", ["FORGETS_BEGUN"], TWO_LISTS],
  ["takes part though it was started after the vote", ["LATE_TAKES_PART"], TWO_LISTS],
  ["accepts a vote in a later round with one signature", ["ANY_ROUND"], TWO_LISTS],
  ["passes votes on to nobody", ["NO_RELAY"], TWO_LISTS],
  ["keeps one vote of each authority alone", ["KEEPS_ONE"], TWO_LISTS],
  ["counts after one round", ["ONE_ROUND"], TWO_LISTS],
  ["cannot reach the other honest one in time", ["LOSSY"], TWO_LISTS],
  ["has a clock a whole round apart", ["CLOCKS_APART"], /./],
  [
    "signs before it writes down what",
    ["CLOCK_SET_BACK", "FORGETS_BEGUN", "MAX_KILLS=1", "SIGNS_BEFORE_WRITING"],
    SIGNS_TWICE,
  ],
  ["sends its signature to nobody", ["KEEPS_SIGNATURE"], NO_LIST],
];

for (const [fault, flags, property] of DIRECTORY_FAULTS) {
  test(`planted: an authority that ${fault} is found out`, () => search("directory", { flags, fails: property }));
}

const TWO_WHOLE = /whole/;

test("cut apart in any way, three of four with one that lies never sign two lists that both have enough signatures, in every run", async () => {
  await search("quorum", {});
  // Nor do two of three, of which none lies.
  await search("quorum", { flags: ["AUTHORITIES=3", "THRESHOLD=2", "LIARS=0"] });
});

for (const [fault, flags, property] of [
  ["takes two of four", ["THRESHOLD=2"], TWO_WHOLE],
  ["takes two of three beside one that lies", ["AUTHORITIES=3", "THRESHOLD=2"], TWO_WHOLE],
  ["takes three of five beside one that lies", ["AUTHORITIES=5", "MAX_KILLS=0"], TWO_WHOLE],
  ["has two that lie among four", ["LIARS=2"], TWO_WHOLE],
  ["signs before it writes down what", ["SIGNS_BEFORE_WRITING"], /everSigned\[i\]/],
] as const) {
  test(`planted: a cut network that ${fault} is found out`, () => search("quorum", { flags, fails: property }));
}

test("who lies can withhold its part of the shared random and do no more, in every run", () =>
  search("shared-random", {}));

for (const [fault, flag, property] of [
  ["counts a reveal whatever was committed to", "NO_CHECK", /chosenLate/],
  ["takes commitments from the same votes as the reveals", "SAME_VOTES", /chosenLate/],
  ["lets a commitment be copied from another authority", "WITHOUT_POSITION", /chosenLate/],
  ["lets nobody withhold", "ASSUME_NOT_WITHHELD", /withheld/],
] as const) {
  test(`planted: a shared random that ${fault} is found out`, () =>
    search("shared-random", { flags: [flag], fails: property }));
}

test("a message is shown once, not lost, and called delivered only when the reader has it, in every run", () =>
  search("message", {}));

for (const [fault, flag, property] of [
  ["moves the reader's cursor before the effect", "CURSOR_FIRST", NOT_SHOWN],
  ["polls with what is in work", "POLL_CARRIES_TAKEN", NOT_SHOWN_OR_NOT_TOLD],
  ["says 'stored' before it is on the provider's disk", "HAVE_BEFORE_DURABLE", NOT_SHOWN],
  ["accepts a mail before it is on the writer's disk", "REPORTS_BEFORE_WRITING", NOT_SHOWN],
  ["asks nobody again after a restart", "FORGETS_TO_ASK", NOT_SHOWN_OR_NOT_TOLD],
  ["sends a receipt before the program has the mail", "RECEIPT_WHEN_WHOLE", /shown>0/],
  ["tells the transport before the mail is stored", "CONSUMED_FIRST", /shown>0/],
  ["stores a mail at every offer", "STORES_EACH", NOT_SHOWN],
  ["forgets what was consumed", "NOT_SEEN", NOT_SHOWN_OR_NOT_TOLD],
] as const) {
  test(`planted: a message path that ${fault} is found out`, () =>
    search("message", { flags: [flag], fails: property }));
}

test("a mix accepts no packet twice, in every run with kills and losses of power", () => search("replay", {}));

for (const [fault, flag] of [
  ["accepts a packet before it is in the log", "ACCEPTS_BEFORE_LOGGING"],
  ["goes on with a full log", "FULL_KEEPS_KEY"],
  ["erases the log before the key", "ERASES_LOG_FIRST"],
  ["keeps its keys where power lost does not reach", "KEY_ON_REAL_DISK"],
] as const) {
  test(`planted: a mix that ${fault} is found out`, () => search("replay", { flags: [flag], fails: TWICE_ACCEPTED }));
}

test("a search that did not come to its end is no proof", async () => {
  await assert.rejects(search("message", { depth: 50 }), /not searched to the end/);
});
