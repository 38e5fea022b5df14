/**
 * Every figure that a node or an authority tells whoever runs it. Each was asked: could it say who talks to whom? What could is
 * not here, or is told by the hour only (drop-reason.ts). docs/operating.md §7
 */

interface Figure {
  /** Counters only grow; gauges are what is so when the figures are taken. */
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** What tells the values of one figure apart; never a peer of a node, a user or a packet. */
  readonly label?: "key" | "authority" | "reason";
}

export const FIGURES = {
  packets_in: { type: "counter", help: "Packets that came from other nodes." },
  packets_out: { type: "counter", help: "Packets handed to links to other nodes." },
  loops_returned: {
    type: "counter",
    help: "Loop packets of this node that came back in time, counted when their epoch is over.",
  },
  loops_late: { type: "counter", help: "Loop packets of this node that came back late." },
  loops_lost: { type: "counter", help: "Loop packets of this node that did not come back." },
  packets_held: { type: "gauge", help: "Packets in the delay queue." },
  packets_held_max: { type: "gauge", help: "Packets that the delay queue takes." },
  unwrap_waiting: { type: "gauge", help: "Packets that wait to be unwrapped or are in a thread." },
  unwrap_waiting_max: { type: "gauge", help: "Packets that may wait to be unwrapped." },
  replay_tags: {
    type: "gauge",
    label: "key",
    help: "Packets that a mix key has opened; key: kept, current, next, later; of several the most.",
  },
  replay_tags_max: { type: "gauge", help: "Packets that one mix key opens before it is erased early." },
  links_up: { type: "gauge", help: "Links to nodes behind this one that are up." },
  links_wanted: { type: "gauge", help: "Nodes behind this one in the list." },
  client_links: { type: "gauge", help: "Links of clients that are up." },
  boxes: { type: "gauge", help: "Boxes at this provider, rounded up to hundreds." },
  boxes_max: { type: "gauge", help: "Boxes that this provider keeps." },
  collect_answers_waiting: {
    type: "gauge",
    help: "Answers to collects from boxes that wait to leave, rounded up in steps of 256.",
  },
  collect_answers_waiting_max: { type: "gauge", help: "Answers to collects that may wait." },
  epoch: { type: "gauge", help: "The epoch of the network, by this machine's clock." },
  list_epoch: { type: "gauge", help: "The epoch of the list in use; of the newest list at an authority." },
  list_epochs_behind: { type: "gauge", help: "Epochs between the list that is wanted now and the one in use." },
  list_age_seconds: { type: "gauge", help: "How long the list in use has been in force." },
  list_signatures: { type: "gauge", help: "Authorities that signed that list." },
  list_mixes: { type: "gauge", help: "Mixes in that list." },
  list_layer_least: { type: "gauge", help: "Mixes in its smallest layer." },
  list_providers: { type: "gauge", help: "Providers in that list." },
  list_avoided: { type: "gauge", help: "Nodes and links that its authorities have paths avoid." },
  listed: { type: "gauge", help: "1 when this node stands in the list in use." },
  avoided: { type: "gauge", help: "Findings in the list that this node or a link of it loses packets." },
  clock_difference_seconds: {
    type: "gauge",
    help: "How far this clock is ahead of the authorities', as they last answered.",
  },
  clock_difference_max_seconds: { type: "gauge", help: "Beyond this difference nothing is published." },
  directory_failing: { type: "gauge", help: "Of publishing the descriptor and fetching the list, how many fail now." },
  authorities: { type: "gauge", help: "Authorities of the network." },
  authorities_needed: { type: "gauge", help: "Authorities that must sign a list." },
  agreed_epoch: { type: "gauge", help: "The last epoch whose agreement is over, in which this authority took part." },
  agreed_votes: { type: "gauge", help: "Votes had in that agreement, its own among them." },
  agreed_signatures: { type: "gauge", help: "Signatures had in that agreement for what this authority counted." },
  vote_after_seconds: {
    type: "gauge",
    label: "authority",
    help: "How long after its time by this clock another authority's own last vote came; below zero its clock is ahead.",
  },
  vote_step_seconds: { type: "gauge", help: "A step of the vote: a vote that comes later than this is not counted." },
  lists_missed: { type: "counter", help: "Epochs for which this authority got no list from its own agreement." },
  refused: {
    type: "counter",
    label: "reason",
    help: "Descriptors, votes and signatures that were refused, by reason.",
  },
  disk_free_bytes: {
    type: "gauge",
    help: "Room on the disk of the database or the data directory, in steps of 64 MiB.",
  },
  memory_directory_free_bytes: { type: "gauge", help: "Room in the memory directory." },
  cpu_seconds: { type: "counter", help: "Processor time of the process, all its threads." },
  resident_bytes: { type: "gauge", help: "Memory of the process." },
  up_seconds: { type: "gauge", help: "How long the process has run." },
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof FIGURES;
type Labelled = { [K in FigureName]: (typeof FIGURES)[K] extends { label: string } ? K : never }[FigureName];
type Plain = Exclude<FigureName, Labelled>;
type Counter = { [K in FigureName]: (typeof FIGURES)[K]["type"] extends "counter" ? K : never }[FigureName];

/** What is counted as it happens. */
export type CounterName = Exclude<Counter, Labelled | "cpu_seconds">;

/** What is read when the figures are taken. Whoever has no such thing leaves it out. */
export type Gauges = { readonly [K in Exclude<Plain, CounterName>]?: number } & {
  readonly [K in Exclude<Labelled, Counter>]?: Readonly<Record<string, number>>;
};

/**
 * How long after its time a packet left, in whole milliseconds: the upper bounds of the histogram `late_milliseconds`. Packets
 * in a minute are hundreds to hundreds of thousands, and how late one leaves depends on what the machine does besides: on no
 * packet's way or sender.
 */
export const LATENESS_BOUNDS: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** What /metrics names, counters with their ending: alert rules are checked against these. */
export const METRIC_NAMES: readonly string[] = [
  ...Object.entries(FIGURES).map(([name, { type }]) => `starling_${name}${type === "counter" ? "_total" : ""}`),
  "starling_dropped_total",
  "starling_late_milliseconds_bucket",
  "starling_late_milliseconds_count",
];
