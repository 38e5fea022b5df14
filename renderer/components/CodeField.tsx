/** Where a code from another device is typed, or pasted with the line that it came in. */

import { useTexts } from "../hooks/use-texts.ts";
import { Field } from "./Field.tsx";

interface Props {
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly autoFocus?: boolean;
}

const CODE_CHARACTERS = 26;

/** As the program takes it: case, spaces and hyphens do not matter. */
export const plainCode = (typed: string): string => typed.toLowerCase().replaceAll(/[\s-]/g, "");

const isBad = (plain: string): boolean => plain.length > CODE_CHARACTERS || /[^a-z2-7]/.test(plain);

export function isWholeCode(typed: string): boolean {
  const plain = plainCode(typed);
  return plain.length === CODE_CHARACTERS && !isBad(plain);
}

export function CodeField({ value, onChange, autoFocus = false }: Props) {
  const { firstRun } = useTexts();
  return (
    <Field
      label={firstRun.joinCode}
      hint={firstRun.joinCodeHint}
      problem={isBad(plainCode(value)) ? firstRun.joinCodeBad : undefined}
      value={value}
      onChange={onChange}
      autoFocus={autoFocus}
      autoComplete="off"
      spellCheck="false"
      maxLength={4_000}
    />
  );
}
