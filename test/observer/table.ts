/** A table as Markdown, its first column to the left, figures to the right. */

export type Cell = string | number;

export function table(head: readonly Cell[], rows: readonly (readonly Cell[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? "---" : "--:"));
  return [head, rule, ...rows].map(line).join("\n");
}

export const row = (...cells: readonly (Cell | readonly Cell[])[]): Cell[] => cells.flat();
const line = (cells: readonly Cell[]): string => `| ${cells.join(" | ")} |`;

/** A share with three figures that count. */
export const short = (value: number): string => value.toFixed(value < 0.0995 ? 4 : 3);
/** One that may be guessed, with two. */
export const rough = (value: number): string => value.toFixed(2);
