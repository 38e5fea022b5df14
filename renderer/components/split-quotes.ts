/** Finds what a plain text quotes: lines that begin with ">", and the line that introduces them. */

export interface TextPart {
  readonly quoted: boolean;
  readonly text: string;
}

export function splitQuotes(text: string): TextPart[] {
  const parts: { quoted: boolean; lines: string[] }[] = [];
  for (const line of text.replaceAll("\r\n", "\n").trimEnd().split("\n")) {
    const quoted = line.startsWith(">");
    const last = parts.at(-1);
    if (last?.quoted === quoted) last.lines.push(line);
    else {
      const intro = quoted ? takeIntroduction(last?.lines ?? []) : [];
      parts.push({ quoted, lines: [...intro, line] });
    }
  }
  return parts
    .map(({ quoted, lines }) => ({
      quoted,
      text: lines
        .map((line) => (quoted ? line.replace(/^>+ ?/, "") : line))
        .join("\n")
        .replace(/^\n+|\n+$/g, ""),
    }))
    .filter((part) => part.text !== "");
}

/** "On … wrote:" belongs to the quote. It is told by its colon and by standing right before. */
function takeIntroduction(lines: string[]): string[] {
  let at = lines.length - 1;
  while (at >= 0 && lines[at]!.trim() === "") at--;
  if (at < 0 || !lines[at]!.trimEnd().endsWith(":")) return [];
  return lines.splice(at);
}
