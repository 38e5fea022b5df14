/**
 * The mark beside the two words: an envelope's edge, closed when private and open when not; a small flock when mixed, three
 * quiet dots when direct. The word always stands beside it, so it is hidden from screen readers.
 */

export type MarkContent = "private" | "verified" | "open" | "broken";
export type MarkPath = "mixed" | "direct";

/** x, y, radius of the birds, in the drawing's units. */
const FLOCK = [
  [18.2, 11.2, 1.5],
  [20.6, 7.6, 1.4],
  [23, 10.6, 1.25],
  [24.6, 6, 1.15],
  [27.2, 8.4, 0.95],
  [28.6, 4.2, 0.8],
] as const;
const LINE = [
  [18.6, 9, 1],
  [22.6, 9, 1],
  [26.6, 9, 1],
] as const;

export function Glyph({ content, path }: { readonly content: MarkContent; readonly path: MarkPath }) {
  const birds = path === "mixed" ? FLOCK : LINE;
  return (
    <svg
      className="glyph"
      viewBox="0 0 30 16"
      aria-hidden="true"
      focusable="false"
      data-path={path}
      data-content={content}
    >
      <path className="glyph-envelope" d={ENVELOPE[content]} />
      {birds.map(([x, y, radius]) => (
        <circle key={`${x} ${y}`} className="glyph-bird" cx={x} cy={y} r={radius} />
      ))}
    </svg>
  );
}

const BODY = "M1.2 4.6v8.2c0 .6.4 1 1 1h10.6c.6 0 1-.4 1-1V4.6";
const ENVELOPE: Readonly<Record<MarkContent, string>> = {
  private: `${BODY}c0-.6-.4-1-1-1H2.2c-.6 0-1 .4-1 1Zm.5-.4 5.8 4.6 5.8-4.6`,
  verified: `${BODY}c0-.6-.4-1-1-1H2.2c-.6 0-1 .4-1 1Zm.5-.4 5.8 4.6 5.8-4.6M4.6 11.4h5.8`,
  open: `${BODY}L7.5.9 1.2 4.6Zm0 0 6.3 4.2 6.3-4.2`,
  broken: `${BODY}c0-.6-.4-1-1-1H9l-1.6 2.6 1.8 2-1.6 3M5.6 3.6H2.2c-.6 0-1 .4-1 1`,
};
