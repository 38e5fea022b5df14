/** The provider's line and the code for a new device as one line to copy: starling:1:…#7bdq2-… Spec: docs/spec/10-contract.md §3 */

export interface LineAndCode {
  readonly line: string;
  readonly code: string;
}

export const toJoinLine = ({ line, code }: LineAndCode): string => `${line}#${code}`;

/** Undefined for what holds no code: a line alone, an invite, anything else. */
export function readJoinLine(text: string): LineAndCode | undefined {
  const at = text.indexOf("#");
  if (at < 0 || !text.trimStart().startsWith("starling:")) return undefined;
  return { line: text.slice(0, at).trim(), code: text.slice(at + 1).trim() };
}
