/** All that a screen may ask of the outside: the program behind the port, and bytes of attachments. */

import { createContext, useContext } from "react";
import type { Connection } from "#main/contract/connect.ts";
import type { Files } from "./files.ts";
import type { Ending } from "./port-websocket.ts";

export interface Program {
  readonly connection: Connection;
  readonly files: Files;
  /** Why the connection ended, once it has. */
  ending(): Ending;
  /** Hands an address to the web browser. Called only after the user has confirmed it. */
  openExternal(url: string): void;
  /** Offers bytes to the user under a name. */
  save(blob: Blob, name: string): void;
  reload(): void;
}

export const ProgramContext = createContext<Program | undefined>(undefined);

export function useProgram(): Program {
  const program = useContext(ProgramContext);
  if (program === undefined) throw new Error("a screen stands outside of ProgramContext");
  return program;
}
