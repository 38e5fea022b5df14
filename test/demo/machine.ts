/** Where a process of the demo runs: on this machine as it is, unless a test has built it one of its own. */

export interface Machine {
  /** At which the others reach it. */
  readonly address: string;
  /** What has to come before a command for it to run there. */
  readonly command: readonly string[];
  /** For Node. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The folder of what must outlast the process; beside the other files of the demo unless given. */
  readonly disk: string | undefined;
}

export const THIS_MACHINE: Machine = {
  address: "127.0.0.1",
  command: [],
  flags: [],
  env: {},
  disk: undefined,
};
