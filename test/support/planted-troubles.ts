/**
 * What figures a healthy daemon has, and each trouble that `status` and the alert rules name, planted in them: both are held to the
 * same table.
 */

import { OVERLOAD } from "#provider-server/cli/health.ts";
import type { Recent } from "#provider-server/observe/metrics.ts";

export const NODE: Recent = {
  role: "provider",
  figures: {
    packets_held: 500,
    packets_held_max: 48_000,
    unwrap_waiting: 3,
    unwrap_waiting_max: 1024,
    "replay_tags:current": 1_000,
    "replay_tags:next": 10,
    replay_tags_max: 5_000_000,
    links_up: 4,
    links_wanted: 4,
    client_links: 7,
    boxes: 900,
    boxes_max: 50_000,
    collect_answers_waiting: 512,
    collect_answers_waiting_max: 16_384,
    epoch: 12,
    list_epoch: 12,
    list_epochs_behind: 0,
    list_layer_least: 2,
    list_providers: 2,
    listed: 1,
    avoided: 0,
    clock_difference_seconds: 0,
    clock_difference_max_seconds: 300,
    directory_failing: 0,
    disk_free_bytes: 2 ** 34,
    memory_directory_free_bytes: 2 ** 30,
  },
  minutes: 10,
  counts: { packets_in: 100_000, packets_out: 100_000 },
  dropped: { STRANGER: 4, NEXT_HOP_DOWN: 20, UNWRAP_BACKLOG: 2, UNWRAP_FAILED: 9 },
  late: { all: 100_000, above: { 50: 400, 100: 300, 500: 0 } },
  loops: { returned: 890, late: 3, lost: 7 },
};

export const AUTHORITY: Recent = {
  ...NODE,
  role: "authority",
  figures: {
    epoch: 12,
    list_epoch: 13,
    list_epochs_behind: 0,
    list_layer_least: 2,
    list_providers: 2,
    authorities: 4,
    authorities_needed: 3,
    agreed_epoch: 13,
    agreed_votes: 4,
    agreed_signatures: 4,
    "vote_after_seconds:two": 1,
    "vote_after_seconds:three": -2,
    vote_step_seconds: 240,
    disk_free_bytes: 2 ** 34,
  },
  counts: {},
  dropped: {},
  late: { all: 0, above: {} },
  loops: { returned: 0, late: 0, lost: 0 },
};

const withFigures = (figures: Readonly<Record<string, number>>, of = NODE): Recent => ({
  ...of,
  figures: { ...of.figures, ...figures },
});
const withDropped = (reason: string, count: number): Recent => ({
  ...NODE,
  dropped: { ...NODE.dropped, [reason]: count },
});
const without = (name: string): Recent => ({
  ...NODE,
  figures: Object.fromEntries(Object.entries(NODE.figures).filter(([key]) => key !== name)),
});

/** Rule, one shape of its trouble, and what the screen shows of it. */
export const PLANTED: readonly [name: string, recent: Recent, shown: RegExp][] = [
  ["StarlingNoList", without("list_epoch"), /^There is no list/],
  ["StarlingListOld", withFigures({ list_epochs_behind: 1 }), /list_epochs_behind 1/],
  ["StarlingLayerSmall", withFigures({ list_layer_least: 1 }), /list_layer_least 1/],
  ["StarlingNoProvider", withFigures({ list_providers: 0 }), /list_providers 0/],
  ["StarlingNotListed", withFigures({ listed: 0 }), /not in the list/],
  ["StarlingAvoided", withFigures({ avoided: 1 }), /avoided 1/],
  ["StarlingClockWrong", withFigures({ clock_difference_seconds: -151 }), /-151/],
  ["StarlingDirectoryFailing", withFigures({ directory_failing: 1 }), /directory_failing 1/],
  ["StarlingNotAgreed", withFigures({ agreed_signatures: 2 }, AUTHORITY), /agreed_signatures 2, authorities_needed 3/],
  ["StarlingVoteMissing", withFigures({ agreed_votes: 3 }, AUTHORITY), /agreed_votes 3, authorities 4/],
  ["StarlingVoteLate", withFigures({ "vote_after_seconds:three": -121 }, AUTHORITY), /\(three -121 s\)/],
  ["StarlingLinksDown", withFigures({ links_up: 3 }), /links_up 3, links_wanted 4/],
  ...OVERLOAD.map((reason): [string, Recent, RegExp] => ["StarlingOverloaded", withDropped(reason, 101), / 101/]),
  ["StarlingUnsent", withDropped("NEXT_HOP_DOWN", 1_001), /NEXT_HOP_DOWN 1001/],
  ["StarlingFlooded", withDropped("SOURCE_SHARE", 101), /SOURCE_SHARE 101/],
  ["StarlingBadPackets", withDropped("REPLAY", 1_001), /REPLAY 1001, UNWRAP_FAILED 9/],
  ["StarlingLate", { ...NODE, late: { all: 100_000, above: { 100: 1_001 } } }, /1001 of 100000/],
  ["StarlingQueueFull", withFigures({ packets_held: 38_401 }), /packets_held 38401/],
  ["StarlingBacklog", withFigures({ unwrap_waiting: 820 }), /unwrap_waiting 820/],
  ["StarlingReplaySetFull", withFigures({ "replay_tags:next": 4_000_001 }), /\(next 4000001\)/],
  ["StarlingBoxesFull", withFigures({ boxes: 40_100 }), /boxes 40100/],
  ["StarlingCollectsFull", withFigures({ collect_answers_waiting: 13_312 }), /collect_answers_waiting 13312/],
  ["StarlingLoopsLost", { ...NODE, loops: { returned: 840, late: 20, lost: 40 } }, /40 lost and 20 late of 900/],
  ["StarlingDiskFull", withDropped("DISK_FULL", 1), /DISK_FULL 1/],
  ["StarlingDiskLow", withFigures({ disk_free_bytes: 2 ** 30 }), /disk_free_bytes/],
  ["StarlingMemoryDirectoryLow", withFigures({ memory_directory_free_bytes: 2 ** 20 }), /memory_directory_free_bytes/],
];
