/**
 * Where the mix's first thread spends its time: V8's sampling profiler over a window of the same run, each sample counted
 * for the part of the program that was running. Native work counts for the JavaScript that called it; what libuv calls without any
 * JavaScript, "(program)", is decryption of TLS records and the kernel's sockets.
 */

import { Session } from "node:inspector";

export const CATEGORIES = [
  "crypto",
  "TLS and sockets",
  "copying",
  "scheduling",
  "garbage collection",
  "other",
] as const;
export type Category = (typeof CATEGORIES)[number];

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

export class CpuProfile {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
  }

  async start(): Promise<void> {
    await this.#post("Profiler.enable");
    await this.#post("Profiler.setSamplingInterval", { interval: 250 });
    await this.#post("Profiler.start");
  }

  /** Share of the busy samples by category, and the functions with the most. */
  async stop(): Promise<{ shares: Record<string, number>; top: [name: string, share: number][] }> {
    const { profile } = (await this.#post("Profiler.stop")) as {
      profile: { nodes: Node[]; samples: number[]; timeDeltas: number[] };
    };
    const byId = new Map(profile.nodes.map((node) => [node.id, node]));
    const parents = new Map<number, number>();
    for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node.id);
    const time = new Map<string, number>();
    const functions = new Map<string, number>();
    let busy = 0;
    profile.samples.forEach((id, i) => {
      const spent = profile.timeDeltas[i] as number;
      const category = categoryOf(id, byId, parents);
      if (category === undefined) return;
      busy += spent;
      time.set(category, (time.get(category) ?? 0) + spent);
      const { functionName, url } = (byId.get(id) as Node).callFrame;
      const name = `${functionName} ${url.split("/").slice(-2).join("/")}`;
      functions.set(name, (functions.get(name) ?? 0) + spent);
    });
    const share = (all: Map<string, number>): [string, number][] =>
      [...all].map(([name, spent]): [string, number] => [name, spent / busy]).toSorted((a, b) => b[1] - a[1]);
    return { shares: Object.fromEntries(share(time)), top: share(functions).slice(0, 40) };
  }

  #post(method: string, parameters?: object): Promise<unknown> {
    return new Promise((resolve, reject) =>
      this.#session.post(method, parameters, (error, result) => (error === null ? resolve(result) : reject(error))),
    );
  }
}

/** The first file on the way up the stack that says; undefined for an idle sample. */
function categoryOf(id: number, byId: Map<number, Node>, parents: Map<number, number>): Category | undefined {
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const { functionName, url } = (byId.get(at) as Node).callFrame;
    // Neither idle time nor the profiler's own work, nor the answers to the bench.
    if (functionName === "(idle)" || url === "node:inspector" || url.includes("child_process")) return undefined;
    if (url.endsWith("mix-process.ts") || url.endsWith("mix/ask.ts")) return undefined;
    if (functionName === "(program)") return "TLS and sockets";
    if (functionName === "(garbage collector)") return "garbage collection";
    const rule = RULES.find(([pattern]) => pattern.test(url));
    if (rule !== undefined) return rule[1];
  }
  return "other";
}

const RULES: readonly (readonly [RegExp, Category])[] = [
  [/transport\/(crypto|sphinx)\/|node_modules\/(sodium-native|@noble)/, "crypto"],
  [/node:(internal\/)?crypto/, "crypto"],
  [/transport\/link\/frame|transport\/core\/bytes/, "copying"],
  [
    /transport\/link\/|node:(net|_?tls|_tls_wrap|internal\/(streams?|stream_base_commons|tls)|stream|events)/,
    "TLS and sockets",
  ],
  [/provider-server\/|node:(internal\/)?timers|transport\/core\/|transport\/directory\//, "scheduling"],
];
