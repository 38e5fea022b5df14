/** A passphrase that is chosen, typed twice. */

import { useState } from "react";
import { useTexts } from "../hooks/use-texts.ts";
import { Field } from "./Field.tsx";

export interface ChosenPassphrase {
  readonly text: string;
  readonly again: string;
  readonly isReady: boolean;
  readonly setText: (text: string) => void;
  readonly setAgain: (text: string) => void;
}

export function usePassphrase(): ChosenPassphrase {
  const [text, setText] = useState("");
  const [again, setAgain] = useState("");
  return { text, again, setText, setAgain, isReady: text !== "" && again === text };
}

interface Props {
  readonly of: ChosenPassphrase;
  readonly hint: string;
  readonly onChange: () => void;
}

export function NewPassphrase({ of: { text, again, setText, setAgain }, hint, onChange }: Props) {
  const { firstRun } = useTexts();
  const differs = again !== "" && again !== text && !text.startsWith(again);
  return (
    <>
      <div className="field-pair">
        <Field
          label={firstRun.passphrase}
          type="password"
          value={text}
          onChange={(typed) => (setText(typed), onChange())}
          autoComplete="new-password"
          maxLength={1_000}
        />
        <Field
          label={firstRun.passphraseAgain}
          type="password"
          value={again}
          onChange={setAgain}
          problem={differs ? firstRun.passphraseDiffers : undefined}
          autoComplete="new-password"
          maxLength={1_000}
        />
      </div>
      <p className="hint">{hint}</p>
    </>
  );
}
