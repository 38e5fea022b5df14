/** Asks one method of the contract and asks again whenever one of the named events says that the answer may have changed. */

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { ErrorCode, EventData, EventName, Input, Method, Output } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { codeOf } from "./use-action.ts";

export interface Query<M extends Method> {
  /** Stays while a newer answer is on its way, so that nothing flickers. */
  readonly value: Output<M> | undefined;
  readonly error: ErrorCode | undefined;
  /** When the value came, by this computer's clock. */
  readonly at: number | undefined;
  readonly again: () => void;
}

export interface QueryOptions {
  readonly on?: readonly EventName[];
  /** Of all events of those names, only these matter. */
  readonly when?: (data: EventData<EventName>) => boolean;
  /** Ask again this often as well: for figures that change all the time, of which no event tells. */
  readonly everyMs?: number;
}

interface Answer<M extends Method> {
  readonly key: string;
  /** How often it had been asked for. */
  readonly round: number;
  readonly value?: Output<M> | undefined;
  readonly at?: number | undefined;
  readonly error?: ErrorCode;
}

/** `input` undefined: there is nothing to ask yet. */
export function useQuery<M extends Method>(
  method: M,
  input: Input<M> | undefined,
  { on = [], when, everyMs }: QueryOptions = {},
): Query<M> {
  const { connection } = useProgram();
  const [answer, setAnswer] = useState<Answer<M>>();
  const [round, setRound] = useState(0);
  const key = input === undefined ? undefined : JSON.stringify(input);
  const latest = useRef({ when });
  useLayoutEffect(() => {
    latest.current.when = when;
  });

  const again = useCallback(() => setRound((n) => n + 1), []);

  useEffect(() => {
    if (key === undefined) return;
    let current = true;
    const call = connection.client[method] as (asked: Input<M>) => Promise<Output<M>>;
    call(JSON.parse(key) as Input<M>).then(
      (value) => current && setAnswer({ key, round, value, at: Date.now() }),
      (thrown: unknown) => {
        if (!current) return;
        const error = codeOf(thrown);
        // A window that lost its program keeps what is on screen.
        const keeps = (before: Answer<M> | undefined) => error === "REFUSED" && before?.key === key;
        setAnswer((before) => (keeps(before) ? { ...before!, round } : { key, round, error }));
      },
    );
    return () => {
      current = false;
    };
  }, [connection, method, key, round]);

  const names = on.join(" ");
  useEffect(() => {
    const ends = (names === "" ? [] : (names.split(" ") as EventName[])).map((name) =>
      connection.on(name, (data) => {
        if (latest.current.when?.(data) ?? true) again();
      }),
    );
    return () => {
      for (const end of ends) end();
    };
  }, [connection, names, again]);

  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(again, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, again]);

  const fits = answer !== undefined && answer.key === key;
  return fits
    ? { value: answer.value, error: answer.error, at: answer.at, again }
    : { value: undefined, error: undefined, at: undefined, again };
}
