/** A murmuration of dots, for the first page and for empty panes. Decoration: nothing in it means anything. */

const BIRDS = Array.from({ length: 140 }, (_, index) => {
  // A sunflower's spiral, bent into a wing: even, but never in rows.
  const turn = index * 2.399963;
  const reach = Math.sqrt(index / 140);
  const x = Math.cos(turn) * reach;
  const y = Math.sin(turn) * reach;
  const bend = 0.55 * x * x - 0.18 * x;
  return {
    x: 160 + x * 138 + y * 18,
    y: 66 + y * 40 * (1.05 - 0.55 * x) - bend * 46,
    radius: 0.7 + 1.9 * (1 - reach) * (0.6 + 0.4 * Math.cos(index)),
  };
});

export function Flock() {
  return (
    <svg className="flock" viewBox="0 0 320 132" aria-hidden="true" focusable="false">
      <defs>
        <linearGradient id="sheen" gradientUnits="userSpaceOnUse" x1="10" x2="310" y1="0" y2="0">
          <stop className="sheen-start" offset="0" />
          <stop className="sheen-end" offset="1" />
        </linearGradient>
      </defs>
      {BIRDS.map(({ x, y, radius }) => (
        <circle key={`${x} ${y}`} cx={x.toFixed(2)} cy={y.toFixed(2)} r={radius.toFixed(2)} fill="url(#sheen)" />
      ))}
    </svg>
  );
}
