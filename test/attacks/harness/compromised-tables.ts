/** `node test/attacks/harness/compromised-tables.ts`: prints the tables of docs/compromised-mixes.md. */

import { adversaries, Chooser, CompromisedNetwork, exactShare, firstAllBad, type Way } from "./compromised-ways.ts";

const SIZES = [1, 5, 25, 184, 1000];
const WIDTHS = [2, 4, 10, 20];
const SHARES = [0.1, 0.2];
const CLIENTS = 24;
const DRAWS = 2000;
/** Hashes that one `have` question carries: HAVE_HASHES_PER_REQUEST. */
const ASKED_TOGETHER = 512;

export type Rule = "no guards" | "all layers drawn anew" | "the first layer kept";

/** Shares of mails of the given sizes of which a packet meets bad mixes alone. */
export function mailShares(o: {
  readonly width: number;
  readonly share: number;
  readonly packets: "guarded" | "fresh";
  readonly sizes: readonly number[];
  readonly clients: number;
  readonly draws: number;
}): number[] {
  const network = new CompromisedNetwork({ seed: `mail ${o.width}`, width: o.width });
  const draws = adversaries({ seed: `bad ${o.width}`, count: o.draws, mixes: network.count, share: o.share });
  const most = Math.max(...o.sizes);
  const met = o.sizes.map(() => 0);
  for (let client = 0; client < o.clients; client++) {
    const ways = new Chooser(network, `client ${client}`).ways(o.packets, most);
    for (const bad of draws) {
      const place = firstAllBad(ways, bad);
      for (const [index, size] of o.sizes.entries()) met[index] = (met[index] as number) + Number(place < size);
    }
  }
  return met.map((count) => count / (o.clients * o.draws));
}

/** The same of a mail with its receipt, and for a reader who is away with questions and answers as well. */
export function togetherShare(o: {
  readonly width: number;
  readonly share: number;
  readonly size: number;
  readonly isAway: boolean;
}): number {
  const network = new CompromisedNetwork({ seed: `mail ${o.width}`, width: o.width });
  const draws = adversaries({ seed: `bad ${o.width}`, count: DRAWS, mixes: network.count, share: o.share });
  let met = 0;
  for (let client = 0; client < CLIENTS; client++) {
    const [sender, reader] = [new Chooser(network, `client ${client}`), new Chooser(network, `reader ${client}`)];
    const questions = o.isAway ? Math.ceil(o.size / ASKED_TOGETHER) : 0;
    const ways: Way[] = [
      ...sender.ways("guarded", o.size + questions),
      ...sender.ways("reply", questions),
      ...reader.ways("guarded", 1),
    ];
    for (const bad of draws) met += Number(firstAllBad(ways, bad) < ways.length);
  }
  return met / (CLIENTS * DRAWS);
}

/** Shares of people of whose mail, a number of packets a week, one has met bad mixes alone by the given weeks. */
export function yearShares(o: {
  readonly width: number;
  readonly share: number;
  readonly rule: Rule;
  readonly weekly: number;
  readonly weeks: readonly number[];
  readonly clients: number;
  readonly draws: number;
}): { shares: number[]; guardsMet: number } {
  const network = new CompromisedNetwork({ seed: `year ${o.width}`, width: o.width, leaving: LEAVING });
  const people = Array.from({ length: o.clients }, (_, n) => new Chooser(network, `person ${n}`));
  const ways: Way[][] = people.map(() => []);
  const most = Math.max(...o.weeks);
  for (let week = 0; week < most; week++) {
    if (week > 0 && week % 2 === 0) {
      network.nextFortnight(o.rule === "the first layer kept" ? "but the first" : "all");
      for (const person of people) person.see();
    }
    for (const [n, person] of people.entries()) {
      ways[n]?.push(...person.ways(o.rule === "no guards" ? "fresh" : "guarded", o.weekly));
    }
  }
  const draws = adversaries({ seed: `bad ${o.width}`, count: o.draws, mixes: network.count, share: o.share });
  const met = o.weeks.map(() => 0);
  for (const own of ways) {
    for (const bad of draws) {
      const place = firstAllBad(own, bad);
      for (const [index, week] of o.weeks.entries()) {
        met[index] = (met[index] as number) + Number(place < week * o.weekly);
      }
    }
  }
  const guardsMet = people.reduce((sum, person) => sum + person.met, 0) / people.length;
  return { shares: met.map((count) => count / (o.clients * o.draws)), guardsMet };
}

/** Two in a hundred in a fortnight: four of ten in a year. */
const LEAVING = 0.02;
const percent = (share: number): string => (100 * share).toFixed(1);

if (import.meta.main) {
  console.log("| mixes | bad | guards | 1 | 5 | 25 | 184 | 1,000 |\n|--:|--:|---|--:|--:|--:|--:|--:|");
  for (const width of WIDTHS) {
    for (const share of SHARES) {
      for (const packets of ["fresh", "guarded"] as const) {
        const common = { width, share, packets };
        const seen = mailShares({ ...common, sizes: SIZES, clients: CLIENTS, draws: DRAWS });
        const first = packets === "fresh" ? width : Math.min(3, width);
        const exact = SIZES.map((size) => exactShare({ packets: size, first, width, share }));
        const cells = seen.map((value, index) => `${percent(exact[index] as number)} (${percent(value)})`);
        console.log(
          `| ${3 * width} | ${100 * share} % | ${packets === "fresh" ? "no" : "yes"} | ${cells.join(" | ")} |`,
        );
      }
    }
  }
  console.log("\n| mixes | bad | | 1 | 5 | 25 | 184 | 1,000 |\n|--:|--:|---|--:|--:|--:|--:|--:|");
  for (const width of WIDTHS) {
    for (const share of SHARES) {
      for (const isAway of [false, true]) {
        const cells = SIZES.map((size) => percent(togetherShare({ width, share, size, isAway })));
        console.log(`| ${3 * width} | ${100 * share} % | ${isAway ? "away" : "online"} | ${cells.join(" | ")} |`);
      }
    }
  }
  console.log(
    "\n| mixes | bad | rule | 1 week | 4 | 13 | 26 | 52 | guards met |\n|--:|--:|---|--:|--:|--:|--:|--:|--:|",
  );
  for (const width of WIDTHS) {
    for (const share of SHARES) {
      for (const rule of ["no guards", "all layers drawn anew", "the first layer kept"] as const) {
        const weeks = [1, 4, 13, 26, 52];
        const { shares, guardsMet } = yearShares({
          width,
          share,
          rule,
          weekly: 25,
          weeks,
          clients: CLIENTS,
          draws: DRAWS,
        });
        const guards = rule === "no guards" ? "" : guardsMet.toFixed(1);
        console.log(`| ${3 * width} | ${100 * share} % | ${rule} | ${shares.map(percent).join(" | ")} | ${guards} |`);
      }
    }
  }
}
