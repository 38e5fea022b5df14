/**
 * What is wrong with a daemon, from its own figures, and what to do: the rules of `status`. docs/alerts.yml has the same for
 * Prometheus under the same names, docs/operating.md §11 says more.
 */

import type { Recent } from "../observe/metrics.ts";
import { TROUBLE } from "./limits.ts";

export interface Finding {
  /** Of the rule, here and in docs/alerts.yml. */
  readonly name: string;
  readonly what: string;
  readonly todo: string;
}

interface Rule {
  readonly name: string;
  /** The numbers that show it, or undefined while all is well. */
  readonly shownBy: (recent: Recent) => string | undefined;
  readonly what: string;
  readonly todo: string;
}

/** What is wrong, the worst first; nothing when the daemon is well. */
export function findings(recent: Recent): Finding[] {
  return RULES.flatMap(({ name, shownBy, what, todo }) => {
    const shown = shownBy(recent);
    return shown === undefined ? [] : [{ name, what: shown === "" ? what : `${what} (${shown})`, todo }];
  });
}

/** Numbers that are so; a figure that the daemon does not have shows nothing. */
type Figures = Readonly<Record<string, number>>;
const figure =
  (name: string, isWrong: (value: number) => boolean) =>
  ({ figures }: Recent): string | undefined => {
    const value = figures[name];
    return value !== undefined && isWrong(value) ? `${name} ${value}` : undefined;
  };
const least = (name: string, bar: number) => figure(name, (value) => value < bar);
const some = (name: string) => figure(name, (value) => value > 0);

const pair =
  (name: string, other: string, isWrong: (value: number, bar: number) => boolean) =>
  ({ figures }: Recent) => {
    const [value, bar] = [figures[name], figures[other]];
    return value !== undefined && bar !== undefined && isWrong(value, bar)
      ? `${name} ${value}, ${other} ${bar}`
      : undefined;
  };
const nearlyFull = (name: string) => pair(name, `${name}_max`, (value, max) => value > TROUBLE.full * max);

const labelled = (figures: Figures, name: string): [label: string, value: number][] =>
  Object.entries(figures).flatMap(([key, value]) =>
    key.startsWith(`${name}:`) ? [[key.slice(name.length + 1), value]] : [],
  );

const droppedShare =
  (reasons: readonly string[], bar: number) =>
  ({ counts, dropped }: Recent): string | undefined => {
    const found = reasons.flatMap((reason) => ((dropped[reason] ?? 0) > 0 ? [`${reason} ${dropped[reason]}`] : []));
    const lost = reasons.reduce((sum, reason) => sum + (dropped[reason] ?? 0), 0);
    return lost > bar * Math.max(1, counts["packets_in"] ?? 0) ? found.join(", ") : undefined;
  };

export const OVERLOAD = ["UNWRAP_BACKLOG", "DELAY_QUEUE_FULL", "POLLS_BUSY", "TOO_LATE", "UNWRAP_THREAD_LOST"] as const;

const RULES: readonly Rule[] = [
  {
    name: "StarlingNoList",
    shownBy: ({ figures }) => (figures["list_epoch"] === undefined ? "" : undefined),
    what: "There is no list of nodes in force: nothing is sent.",
    todo: "After a start wait for the next list (live up to 75 minutes). Else compare clocks, look whether the authorities can be reached, and ask their operators.",
  },
  {
    name: "StarlingListOld",
    shownBy: some("list_epochs_behind"),
    what: "The list in use is an old one: the authorities made no newer, or it could not be fetched.",
    todo: "Start the authorities that are missing, compare clocks. The last list serves until the start of the epoch after the next.",
  },
  {
    name: "StarlingLayerSmall",
    shownBy: least("list_layer_least", 2),
    what: "A layer is too small to hide anyone: nothing is sent.",
    todo: "Admit mixes; clients hold their mail until then.",
  },
  {
    name: "StarlingNoProvider",
    shownBy: least("list_providers", 1),
    what: "The list in use names no provider: nobody has a mailbox in this network.",
    todo: "Admit and start a provider, or look why the one there is has dropped out: its own `status`, and `refused a descriptor` and `domain` in the authorities' logs.",
  },
  {
    name: "StarlingNotListed",
    shownBy: least("listed", 1),
    what: "This node is not in the list in use: nobody sends through it.",
    todo: "After a start wait for the next list. Else look for `refused a descriptor` in the authorities' logs and compare `keygen --show` with `admit`.",
  },
  {
    name: "StarlingAvoided",
    shownBy: some("avoided"),
    what: "The authorities find that this node, or a link of it, loses packets.",
    todo: "Look at the other findings, the machine's load and its line; the log of an authority says by whom and until when.",
  },
  {
    name: "StarlingClockWrong",
    shownBy: pair(
      "clock_difference_seconds",
      "clock_difference_max_seconds",
      (value, max) => Math.abs(value) > TROUBLE.clock * max,
    ),
    what: "This machine's clock differs from the authorities': beyond the bound nothing is published.",
    todo: "Set the clock (chrony, systemd-timesyncd). If all nodes say so, an authority's clock is wrong.",
  },
  {
    name: "StarlingDirectoryFailing",
    shownBy: some("directory_failing"),
    what: "The descriptor cannot be published, or the list cannot be fetched: too few authorities can be reached.",
    todo: "Look at DNS, firewall, the authorities. Once is normal when all start at the same time.",
  },
  {
    name: "StarlingNotAgreed",
    shownBy: pair("agreed_signatures", "authorities_needed", (had, needed) => had < needed),
    what: "This authority got no list from its own agreement.",
    todo: "Start the authorities that are missing, compare clocks; if they held different lists before, talk to their operators.",
  },
  {
    name: "StarlingVoteMissing",
    shownBy: pair("agreed_votes", "authorities", (had, all) => had < all),
    what: "An authority's vote did not come in time: it is down, slow, or cut off.",
    todo: "Ask its operator; as many as must sign suffice.",
  },
  {
    name: "StarlingVoteLate",
    shownBy: ({ figures }) => {
      const bar = TROUBLE.clock * (figures["vote_step_seconds"] ?? Number.POSITIVE_INFINITY);
      const late = labelled(figures, "vote_after_seconds").filter(([, value]) => Math.abs(value) > bar);
      return late.length === 0 ? undefined : late.map(([name, value]) => `${name} ${value} s`).join(", ");
    },
    what: "An authority's vote comes long after its time, or before it: its clock or this one is wrong, or its line is slow.",
    todo: "Compare both clocks; past a step its votes do not count.",
  },
  {
    name: "StarlingLinksDown",
    shownBy: pair("links_up", "links_wanted", (up, wanted) => up < wanted),
    what: "Nodes behind this one are down or cannot be reached from here.",
    todo: "Ask their operators; they drop out after an epoch without a descriptor. If all are down, look at this machine's line and firewall.",
  },
  {
    name: "StarlingOverloaded",
    shownBy: droppedShare(OVERLOAD, TROUBLE.overload),
    what: "Packets are dropped because this machine cannot take them.",
    todo: "A faster machine, more `unwrapThreads` if it has cores, nothing else on it; or somebody floods: look at the other nodes of the layer.",
  },
  {
    name: "StarlingUnsent",
    shownBy: droppedShare(["NEXT_HOP_DOWN"], TROUBLE.unsent),
    what: "Packets are dropped because a link is down or congested.",
    todo: "Look at this machine's line, and which of its links are down.",
  },
  {
    name: "StarlingFlooded",
    shownBy: droppedShare(["SOURCE_SHARE"], TROUBLE.overload),
    what: "One node before this one sends far more than its share; the others' packets are kept.",
    todo: "Compare with the other operators: a provider with many users, or one who floods.",
  },
  {
    name: "StarlingBadPackets",
    shownBy: droppedShare(["REPLAY", "UNWRAP_FAILED"], TROUBLE.bad),
    what: "Somebody sends packets again or makes them up, or a node lost its keys.",
    todo: "Nothing is let through. If it began with a restart, it ends with the epoch.",
  },
  {
    name: "StarlingLate",
    shownBy: ({ late }) => {
      const count = late.above[TROUBLE.late.milliseconds] ?? 0;
      return count > TROUBLE.late.share * late.all ? `${count} of ${late.all}` : undefined;
    },
    what: `Packets leave more than ${TROUBLE.late.milliseconds} ms after their time: the machine is busy or stands still at times.`,
    todo: "Nothing else on this machine; no overbooked virtual machine; a faster one if its processor is busy.",
  },
  {
    name: "StarlingQueueFull",
    shownBy: nearlyFull("packets_held"),
    what: "The delay queue is nearly full.",
    todo: "Raise `delayQueuePacketsMax` if there is memory; else somebody floods.",
  },
  {
    name: "StarlingBacklog",
    shownBy: nearlyFull("unwrap_waiting"),
    what: "Nearly as many packets wait to be unwrapped as may.",
    todo: "A faster machine, or more `unwrapThreads` if it has cores.",
  },
  {
    name: "StarlingReplaySetFull",
    shownBy: ({ figures }) => {
      const bar = TROUBLE.full * (figures["replay_tags_max"] ?? Number.POSITIVE_INFINITY);
      const full = labelled(figures, "replay_tags").filter(([, value]) => value > bar);
      return full.length === 0 ? undefined : full.map(([key, value]) => `${key} ${value}`).join(", ");
    },
    what: "A mix key has opened nearly as many packets as are remembered: it is erased early when the set is full.",
    todo: "Raise `replayTagsMax` if there is memory; else somebody floods.",
  },
  {
    name: "StarlingBoxesFull",
    shownBy: nearlyFull("boxes"),
    what: "This provider keeps nearly as many boxes as it may; then it opens no more.",
    todo: "Nothing is lost: programs open theirs at another provider. The network has too few providers, or somebody spends tokens on boxes.",
  },
  {
    name: "StarlingCollectsFull",
    shownBy: nearlyFull("collect_answers_waiting"),
    what: "Nearly as many answers to collects from boxes wait as may; then collects are dropped.",
    todo: "The network has too few providers for its users, or somebody floods. What lies in a box is collected later.",
  },
  {
    name: "StarlingLoopsLost",
    shownBy: ({ loops: { returned, late, lost } }) => {
      const all = returned + late + lost;
      const isWrong = all >= TROUBLE.loopsLeast && late + lost > TROUBLE.loopsLost * all;
      return isWrong ? `${lost} lost and ${late} late of ${all}` : undefined;
    },
    what: "Many of this node's loops were lost or late in the last epoch: here, or at nodes on their way.",
    todo: "If nothing else is wrong here, wait: authorities find who loses packets, and paths avoid it.",
  },
  {
    name: "StarlingDiskFull",
    shownBy: droppedShare(["DISK_FULL"], 0),
    what: "Within the last hour entries were refused: the disk is full or failing.",
    todo: "Make room. Nothing is lost: senders find out and send again for as long as they run.",
  },
  {
    name: "StarlingDiskLow",
    shownBy: least("disk_free_bytes", TROUBLE.diskFreeBytes),
    what: "The disk is nearly full: then entries are refused, and an authority signs nothing.",
    todo: "Make room. Nothing is lost: senders find out and send again for as long as they run.",
  },
  {
    name: "StarlingMemoryDirectoryLow",
    shownBy: least("memory_directory_free_bytes", TROUBLE.memoryDirectoryFreeBytes),
    what: "The memory directory is nearly full: then mix keys are erased early.",
    todo: "Give its tmpfs more room (`size=`), or the machine more memory.",
  },
];

/** For a test that compares them with docs/alerts.yml. */
export const RULE_NAMES: readonly string[] = RULES.map(({ name }) => name);
