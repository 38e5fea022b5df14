/** The way of a sent mail as one vertical line, and a sentence about what an observer saw. */

import type { Journey } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { useAction } from "../hooks/use-action.ts";
import { useNow } from "../hooks/use-now.ts";
import { useQuery } from "../hooks/use-query.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";
import { ErrorNote } from "./ErrorNote.tsx";
import { Waiting } from "./Waiting.tsx";

export function JourneyLine({ messageId }: { readonly messageId: string }) {
  const { journey } = useTexts();
  const { value, error, again } = useQuery(
    "mail.journey",
    { messageId },
    { on: ["journey.changed"], when: (data) => "messageId" in data && data.messageId === messageId },
  );
  if (error !== undefined) return <ErrorNote code={error} onRetry={again} />;
  if (value === undefined) return <Waiting>{journey.loading}</Waiting>;
  return (
    <section className="journeys" aria-label={journey.title}>
      {value.journeys.map((one) => (
        <Line key={one.recipient} journey={one} many={value.journeys.length > 1} />
      ))}
    </section>
  );
}

type StepState = "done" | "now" | "later";

function Line({ journey: it, many }: { readonly journey: Journey; readonly many: boolean }) {
  const { journey: texts } = useTexts();
  const { client } = useProgram().connection;
  const format = useFormat();
  const now = useNow(5_000);
  const retry = useAction(async () => {
    await client["mail.retry"]({ messageId: it.messageId });
  });

  const delivered = it.deliveredAt !== undefined;
  const stored = it.storedAt !== undefined || delivered;
  const allSent = stored || (it.fragments > 0 && it.fragmentsSent >= it.fragments);
  const left = it.firstSentAt !== undefined;
  const time = (at: number): string => format.long(at, now);

  const cannotLeave = it.waitingFor !== "none";
  const providerSays = allSent
    ? texts.providerDone(time(it.firstSentAt ?? it.queuedAt))
    : left
      ? texts.providerNow(it.fragmentsSent, it.fragments)
      : cannotLeave
        ? texts.storedWait
        : texts.providerWait;
  const unanswered = left ? texts.storedUnknown : texts.storedWait;
  const storedSays =
    it.storedAt !== undefined ? texts.stored(time(it.storedAt)) : stored ? texts.mixesDone : unanswered;
  const keeper = {
    mailbox: texts.theirProvider(domainOf(it.recipient)),
    box: texts.otherProvider,
    unknown: texts.someProvider,
  }[it.goesTo ?? "unknown"];
  const readerSays = delivered
    ? texts.delivered(time(it.deliveredAt!))
    : stored
      ? texts.noReceipt
      : it.delivery === "failed" || cannotLeave
        ? left
          ? texts.noReceipt
          : texts.storedWait
        : texts.expected(format.until(it.expectedAt, now));

  return (
    <div className="journey" data-delivery={it.delivery}>
      {many && <h2>{texts.for(it.recipient)}</h2>}
      <ol>
        <Step title={texts.you} says={texts.youDone(time(it.queuedAt))} state="done" />
        <Step title={texts.provider} says={providerSays} state={stateOf(allSent, true)} />
        <Step
          title={texts.mixes}
          says={stored ? texts.mixesDone : texts.mixesNow}
          state={stateOf(stored, allSent)}
          mixes
        />
        <Step title={keeper} says={storedSays} state={stateOf(stored, false)} />
        <Step title={texts.reader} says={readerSays} state={stateOf(delivered, stored)} />
      </ol>
      {cannotLeave && <p className="warning">{texts.waiting[it.waitingFor]}</p>}
      {it.delivery === "failed" && (
        <ErrorNote code={it.errorCode ?? "INTERNAL"} onRetry={() => retry.run()} retryLabel={texts.retry} />
      )}
      <ErrorNote code={retry.error} />
      {!cannotLeave && <p className="observer">{delivered ? texts.observerDelivered : texts.observer}</p>}
    </div>
  );
}

interface StepProps {
  readonly title: string;
  readonly says: string;
  readonly state: StepState;
  readonly mixes?: boolean;
}

function Step({ title, says, state, mixes = false }: StepProps) {
  return (
    <li className="step" data-state={state} data-mixes={mixes} aria-current={state === "now" ? "step" : undefined}>
      <span className="step-title">{title}</span>
      <span className="step-says">{says}</span>
    </li>
  );
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf("@") + 1);

const stateOf = (done: boolean, reached: boolean): StepState => (done ? "done" : reached ? "now" : "later");
