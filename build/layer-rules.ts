/** Who may use whom: the tables that build/layers.ts checks. docs/architecture.md says why. */

/**
 * Each folder and the folders or files it may import besides its own. The first row that fits a path holds, so a part of a
 * folder stands before the folder. Whatever is in no row may import nothing of ours.
 */
export const LAYERS: readonly { readonly at: string; readonly may: readonly string[] }[] = [
  // The library, in the order of a packet's way: each folder sees only those before it.
  { at: "transport/core", may: [] },
  { at: "transport/crypto", may: ["transport/core"] },
  { at: "transport/sphinx", may: ["transport/core", "transport/crypto"] },
  { at: "transport/fragment", may: ["transport/core", "transport/crypto", "transport/sphinx"] },
  { at: "transport/traffic", may: ["transport/core", "transport/crypto", "transport/sphinx", "transport/fragment"] },
  {
    at: "transport/link",
    may: ["transport/core", "transport/crypto", "transport/sphinx", "transport/fragment", "transport/traffic"],
  },
  {
    at: "transport/directory",
    may: [
      "transport/core",
      "transport/crypto",
      "transport/sphinx",
      "transport/fragment",
      "transport/traffic",
      "transport/link",
    ],
  },
  { at: "transport", may: ["transport"] },
  { at: "provider-server", may: ["transport"] },
  // Pure data, read by the window too.
  { at: "main/contract", may: [] },
  { at: "main", may: ["transport/index.ts", "main/contract"] },
  { at: "renderer", may: ["main/contract"] },
  { at: "app", may: ["main/host", "main/rpc", "main/contract"] },
  { at: "build", may: ["transport"] },
  { at: "test", may: ["transport", "provider-server", "main", "renderer", "app", "build"] },
];

/** Packages and built-ins that only the named places may import. A trailing `*` stands for the rest of a name. */
export const KEPT: readonly { readonly module: string; readonly only: readonly string[]; readonly why: string }[] = [
  {
    module: "node:crypto",
    only: [
      "transport/crypto/native.ts",
      "transport/crypto/native-ml-dsa.ts",
      "transport/crypto/native-ml-kem.ts",
      "transport/core/system-random.ts",
      "transport/link/certificate.ts",
      "transport/link/tls.ts",
      "main/host/admit.ts",
      "build",
      "test",
    ],
    why: "cryptography comes in as a Suite and randomness as a RandomSource",
  },
  { module: "crypto", only: [], why: "built-ins are named with node:" },
  {
    module: "sodium-native",
    only: ["transport/crypto", "main/store/sodium.ts", "test"],
    why: "cryptography comes in as a Suite",
  },
  {
    module: "@noble/*",
    only: ["transport/crypto", "test"],
    why: "cryptography comes in as a Suite, whose portable implementation alone uses it",
  },
  { module: "electron", only: ["app", "build", "test"], why: "the program does not know which host it runs in" },
  { module: "libsql", only: ["main/store", "test"], why: "the encrypted store is reached through its own folder" },
  {
    module: "node:sqlite",
    only: ["provider-server", "transport/library/file-lock.ts", "test"],
    why: "only the provider keeps unencrypted tables",
  },
  { module: "openpgp", only: ["main/pgp", "test"], why: "OpenPGP is reached through its own folder" },
  { module: "postal-mime", only: ["main/mime/parse.ts", "test"], why: "mail is parsed in one place" },
  { module: "react*", only: ["renderer", "test"], why: "only the window draws" },
  {
    module: "node:dns*",
    only: ["provider-server/authority/dns-lookup.ts", "build", "test"],
    why: "only an authority asks the DNS, and only about providers' domains",
  },
  ...["node:net", "node:tls", "node:http", "node:https", "node:http2", "node:dgram", "ws", "undici"].map((module) => ({
    module,
    only: [
      "transport/link",
      // Unix domain sockets, which lead nowhere else.
      "transport/local/server.ts",
      "main/host",
      "main/network",
      "provider-server/observe/metrics-listener.ts",
      "build",
      "test",
    ],
    why: "sockets are opened in few places, so that the trace test can cover all of them",
  })),
  {
    module: "node:child_process",
    only: ["provider-server/services/operator-service.ts", "build", "test"],
    why: "the program starts no other programs but an operator's services",
  },
];

/**
 * Parts that hold a thread up, and who may load them: they run in a thread of their own, never on the one whose ticks say
 * when packets leave (docs/spec/04-traffic.md §6). Their types may be used by whoever may import their folder.
 */
export const LOADED_BY: readonly { readonly at: string; readonly by: readonly string[] }[] = [
  { at: "main/pgp", by: ["main/mail-work/tasks.ts", "main/pgp", "main/mime/envelope.ts", "test"] },
  ...["compose", "envelope", "parse"].map((name) => ({
    at: `main/mime/${name}.ts`,
    by: ["main/mail-work/tasks.ts", "test"],
  })),
  { at: "main/mail-work/tasks.ts", by: ["main/mail-work/worker.ts", "test"] },
  { at: "main/mail-work/worker.ts", by: ["main/mail-work/mail-work.ts", "test"] },
  { at: "main/store/database.ts", by: ["main/store/worker.ts", "test"] },
  { at: "main/store/worker.ts", by: ["main/store/store.ts", "test"] },
];

/** The one file of the program that loads a module by a name from elsewhere: the one that an operator configured. */
export const COMPUTED_IN: readonly string[] = ["provider-server/services/service-process.ts"];

/** Places that run where there is no Node: they import no built-ins at all. */
export const WITHOUT_NODE: readonly string[] = [
  "renderer",
  "main/contract",
  "transport/browser.ts",
  "transport/client",
  "transport/directory",
  "transport/fragment",
  "transport/sphinx",
  "transport/traffic",
];

/** The one file that wipes secrets, and the one that names colours. */
export const WIPES_IN = "transport/core/secret.ts";
export const COLOURS_IN = "renderer/styles/tokens.css";
