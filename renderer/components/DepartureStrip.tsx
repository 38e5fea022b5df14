/** The packets of the last minute, all drawn alike: nothing tells real from cover here, as nothing does on the wire. */

import { useNow } from "../hooks/use-now.ts";
import { useTexts } from "../hooks/use-texts.ts";

const WINDOW_MS = 60_000;
const WIDTH = 600;
const HEIGHT = 56;

export function DepartureStrip({ departures }: { readonly departures: readonly number[] }) {
  const { network } = useTexts();
  const now = useNow(1_000);
  const seen = [...new Set(departures)].filter((at) => at > now - WINDOW_MS && at <= now);
  return (
    <figure className="strip">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={network.stripLabel(seen.length)}
        preserveAspectRatio="none"
      >
        <line className="strip-line" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {seen.map((at) => {
          const x = ((at - now + WINDOW_MS) / WINDOW_MS) * WIDTH;
          return <line key={at} className="strip-mark" x1={x} x2={x} y1="12" y2={HEIGHT - 4} />;
        })}
      </svg>
      <figcaption>
        <span>{network.ago}</span>
        <span className="strip-count">{network.stripLabel(seen.length)}</span>
        <span>{network.now}</span>
      </figcaption>
    </figure>
  );
}
