/** What is known of each reader of a mail that is being written: asked once per address, and again on demand. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { Recipient } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";

export type ReaderState = Recipient["state"] | "looking";

export interface Reader {
  readonly address: string;
  readonly name: string;
  readonly state: ReaderState;
  readonly path: Recipient["path"];
  readonly expectedSeconds: number;
}

export interface Readers {
  readonly readers: readonly Reader[];
  readonly ask: (address: string) => void;
  readonly accept: (address: string) => Promise<void>;
}

export function useRecipients(addresses: readonly string[]): Readers {
  const { client } = useProgram().connection;
  const [known, setKnown] = useState<ReadonlyMap<string, Reader>>(new Map());
  const asked = useRef(new Set<string>());

  const keep = useCallback((reader: Reader) => setKnown((before) => new Map(before).set(reader.address, reader)), []);

  const ask = useCallback(
    (address: string) => {
      asked.current.add(address);
      keep(looking(address));
      client["recipient.check"]({ address }).then(
        (answer) => keep({ ...answer, address, name: answer.name || address }),
        // Not having been able to ask says nothing about the reader.
        () => keep({ ...looking(address), state: "unavailable" }),
      );
    },
    [client, keep],
  );

  const accept = useCallback(
    async (address: string) => {
      const answer = await client["people.acceptKey"]({ address });
      keep({ ...answer, address, name: answer.name || address });
    },
    [client, keep],
  );

  const wanted = addresses.join("\n");
  useEffect(() => {
    for (const address of wanted.split("\n")) if (address !== "" && !asked.current.has(address)) ask(address);
  }, [wanted, ask]);

  return { readers: addresses.map((address) => known.get(address) ?? looking(address)), ask, accept };
}

const looking = (address: string): Reader => ({
  address,
  name: address,
  state: "looking",
  path: "mixed",
  expectedSeconds: 0,
});

/** A mail leaves only when it is private to every reader. */
export const isReady = ({ state }: Reader): boolean => state === "private" || state === "verified";
