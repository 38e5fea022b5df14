/** The network, for a curious person: what leaves, whether it comes home, what it costs, and how fast it shall be. */

import { type ReactNode, useContext, useEffect } from "react";
import { Label } from "react-aria-components/Label";
import { Radio, RadioGroup } from "react-aria-components/RadioGroup";
import type { NetworkState } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { DepartureStrip } from "../components/DepartureStrip.tsx";
import { EndedContext, ErrorNote } from "../components/ErrorNote.tsx";
import { isLossy } from "../components/lossy.ts";
import { PageHead } from "../components/PageHead.tsx";
import { Waiting } from "../components/Waiting.tsx";
import { useAction } from "../hooks/use-action.ts";
import type { Query } from "../hooks/use-query.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";
import type { Texts } from "../text/en.ts";
import type { Format } from "../text/format.ts";

interface Props {
  readonly query: Query<"network.state">;
  readonly onClose: () => void;
}

export function NetworkPage({ query, onClose }: Props) {
  const { network } = useTexts();
  const format = useFormat();
  const isEnded = useContext(EndedContext);
  const { value: it, error, at = 0, again } = query;
  // What is known may be as old as the last look from another page.
  useEffect(again, [again]);
  return (
    <article className="network" aria-label={network.title}>
      <PageHead title={network.title} onClose={onClose} />
      <ErrorNote code={error} onRetry={again} />
      {it === undefined && error === undefined && <Waiting>{network.loading}</Waiting>}
      {it !== undefined && (
        <>
          <p className="lead">{isEnded ? network.ended(format.clock(at)) : stateWords(it, network, format)}</p>
          {it.kind === "demo" && <p className="warning">{network.demo}</p>}
          {it.small && it.kind !== "demo" && <p className="warning">{network.small}</p>}
          {!isEnded && (
            <section>
              <h2>{network.strip}</h2>
              <DepartureStrip departures={it.departures} until={at} />
              <p className="hint">{network.stripBody}</p>
            </section>
          )}
          <Facts network={it} />
          <ProfileChooser network={it} onChanged={again} />
        </>
      )}
    </article>
  );
}

/** Of `mixing` only what loops have shown: of packets lost a moment ago nobody can know yet. */
function stateWords(it: NetworkState, words: Texts["network"], format: Format): string {
  const { sent, returned, until } = it.recentLoops;
  if (it.state !== "mixing") return words.state[it.state];
  if (until === undefined) return words.mixingUnknown;
  return isLossy(it) ? words.lossy(returned, sent, format.clock(until)) : words.mixingUntil(format.clock(until));
}

function Facts({ network: it }: { readonly network: NetworkState }) {
  const { network } = useTexts();
  const format = useFormat();
  const { sent, returned } = it.loops;
  const { until } = it.recentLoops;
  const counted = until === undefined ? undefined : network.loopsUntil(format.clock(until));
  return (
    <dl className="facts">
      <Fact name={network.loops} says={network.loopsBody} more={counted}>
        {sent === 0 ? network.loopsNone : network.loopsValue(returned, sent)}
        <span className="meter" aria-hidden="true">
          <svg viewBox="0 0 100 4" preserveAspectRatio="none">
            <rect className="meter-whole" width="100" height="4" rx="2" />
            <rect className="meter-part" width={sent === 0 ? 0 : (100 * returned) / sent} height="4" rx="2" />
          </svg>
        </span>
      </Fact>
      <Fact name={network.data} says={network.dataBody}>
        {network.dataValue(format.bytes(it.sentToday.bytes), format.bytes(it.receivedToday.bytes))}
      </Fact>
      <Fact name={network.size} says={network.sizeBody(it.providers, it.name)}>
        {network.sizeValue(it.mixes, it.operators)}
      </Fact>
      <Fact name={network.queue} says={network.queueBody}>
        {network.queueValue(it.queuedFragments)}
      </Fact>
    </dl>
  );
}

interface FactProps {
  readonly name: string;
  readonly says: string;
  readonly more?: string | undefined;
  readonly children: ReactNode;
}

function Fact({ name, says, more, children }: FactProps) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd className="fact-value">{children}</dd>
      <dd className="hint">{says}</dd>
      {more !== undefined && <dd className="hint">{more}</dd>}
    </div>
  );
}

interface ChooserProps {
  readonly network: NetworkState;
  readonly onChanged: () => void;
}

function ProfileChooser({ network: it, onChanged }: ChooserProps) {
  const { network } = useTexts();
  const format = useFormat();
  const { client } = useProgram().connection;
  const choose = useAction(async (profile: NetworkState["profile"]) => {
    await client["network.setProfile"]({ profile });
    onChanged();
  });
  const figures = it.profiles.map(({ megabytesPerDay, packetsPerMinute, expectedSeconds }) => ({
    time: network.profileTime(format.duration(expectedSeconds)),
    cost: network.profileCost(format.bytes(megabytesPerDay * 1_000_000), format.number(packetsPerMinute)),
  }));
  const [first] = figures;
  // A choice between equals is none.
  if (first !== undefined && figures.every(({ time, cost }) => time === first.time && cost === first.cost)) {
    return (
      <section className="profiles">
        <p>{network.profilesAlike}</p>
        <p className="hint">
          {first.time}; {first.cost}
        </p>
      </section>
    );
  }
  return (
    <RadioGroup
      className="profiles"
      value={it.profile}
      isDisabled={choose.pending}
      onChange={(name) => {
        const profile = it.profiles.find((choice) => choice.name === name);
        if (profile !== undefined) choose.run(profile.name);
      }}
    >
      <Label>{network.profile}</Label>
      <div className="profile-cards">
        {it.profiles.map(({ name }, index) => (
          <Radio key={name} value={name} className="profile">
            <span className="dot" aria-hidden="true" />
            <span className="profile-name">{network.profileName[name]}</span>
            <span className="profile-time">{figures[index]?.time}</span>
            <span className="hint">{figures[index]?.cost}</span>
          </Radio>
        ))}
      </div>
      <p className="hint">{network.profileBody}</p>
      <ErrorNote code={choose.error} onDismiss={choose.clear} />
    </RadioGroup>
  );
}
