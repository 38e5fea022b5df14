/**
 * The packets of a minute, all drawn alike: nothing tells real from cover here, as nothing does on the wire. The minute ends when the
 * program was last asked: of what left since, nothing is known. Where they are many, its last ten seconds: hundreds of marks side by
 * side would show the screen's grid, in bands that look as if packets left in bursts.
 */

import { useTexts } from "../hooks/use-texts.ts";

const MINUTE_MS = 60_000;
const SHORT_MS = 10_000;
/** Two a second: twice as many as leave in the chat profile. */
const MANY = 120;
const WIDTH = 600;
const HEIGHT = 56;
/** Pixels; half of the room that each has, where they are many: else they would be one block. */
const MARK_MAX = 2;

interface Props {
  readonly departures: readonly number[];
  readonly until: number;
}

export function DepartureStrip({ departures, until }: Props) {
  const { network } = useTexts();
  const seen = [...new Set(departures)].filter((at) => at > until - MINUTE_MS && at <= until);
  const shown = seen.length > MANY ? SHORT_MS : MINUTE_MS;
  const marks = seen.filter((at) => at > until - shown);
  const mark = Math.min(MARK_MAX, WIDTH / (2 * Math.max(1, marks.length)));
  return (
    <figure className="strip">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={network.stripLabel(seen.length)}
        preserveAspectRatio="none"
      >
        <line className="strip-line" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {marks.map((at) => {
          const x = ((at - until + shown) / shown) * WIDTH;
          return <line key={at} className="strip-mark" strokeWidth={mark} x1={x} x2={x} y1="12" y2={HEIGHT - 4} />;
        })}
      </svg>
      <figcaption>
        <span>{shown === MINUTE_MS ? network.minuteAgo : network.secondsAgo}</span>
        <span className="strip-count">
          {shown === MINUTE_MS ? network.stripLabel(seen.length) : network.stripShort(seen.length)}
        </span>
        <span>{network.now}</span>
      </figcaption>
    </figure>
  );
}
