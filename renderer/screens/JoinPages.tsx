/** In place of the first two pages for who has an account on another device: what that one shows, and a name for this one. */

import { useState } from "react";
import { Button } from "react-aria-components/Button";
import type { AppState, Output } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { type LineAndCode, readJoinLine } from "#main/contract/join-line.ts";
import { CodeField, isWholeCode, plainCode } from "../components/CodeField.tsx";
import { guessedName } from "../components/device-name.ts";
import { DEVICE_NAME_CHARACTERS_MAX } from "../components/DeviceDialogs.tsx";
import { ErrorNote } from "../components/ErrorNote.tsx";
import { Field } from "../components/Field.tsx";
import { NewPassphrase, usePassphrase } from "../components/NewPassphrase.tsx";
import { submit } from "../components/submit.ts";
import { Waiting } from "../components/Waiting.tsx";
import { useAction } from "../hooks/use-action.ts";
import { useTexts } from "../hooks/use-texts.ts";

export type Invite = Output<"app.readInvite"> & { readonly line: string };

export type TypedCode = LineAndCode;

interface CodeProps {
  readonly start: TypedCode;
  readonly onRead: (invite: Invite, typed: TypedCode) => void;
  readonly onBack: () => void;
}

export function JoinCodePage({ start, onRead, onBack }: CodeProps) {
  const { app, firstRun } = useTexts();
  const { client } = useProgram().connection;
  const [line, setLine] = useState(start.line);
  const [code, setCode] = useState(start.code);
  const read = useAction(async () => {
    const trimmed = line.trim();
    onRead({ ...(await client["app.readInvite"]({ invite: trimmed })), line: trimmed }, { line: trimmed, code });
  });
  /** One line that holds both may be put into either field. */
  function take(text: string, set: (alone: string) => void): void {
    const both = readJoinLine(text);
    if (both === undefined) set(text);
    else {
      setLine(both.line);
      setCode(both.code);
    }
    read.clear();
  }
  return (
    <form className="book-page" onSubmit={(event) => submit(event, read.run)}>
      <h1>{firstRun.joinTitle}</h1>
      <p className="lead">{firstRun.joinBody}</p>
      <Field
        label={firstRun.joinLine}
        hint={firstRun.joinLineHint}
        value={line}
        onChange={(text) => take(text, setLine)}
        autoFocus
        autoComplete="off"
        spellCheck="false"
        maxLength={4_000}
      />
      <CodeField value={code} onChange={(text) => take(text, setCode)} />
      <ErrorNote code={read.error} instead={firstRun.joinErrors} />
      {read.pending && <Waiting>{firstRun.reading}</Waiting>}
      <div className="book-actions">
        <Button className="button quiet large" onPress={onBack} isDisabled={read.pending}>
          {app.back}
        </Button>
        <Button
          type="submit"
          className="button primary large"
          isDisabled={line.trim() === "" || !isWholeCode(code) || read.pending}
        >
          {firstRun.continue}
        </Button>
      </div>
    </form>
  );
}

interface NameProps {
  readonly invite: Invite;
  readonly code: string;
  readonly onJoined: (state: AppState) => void;
  readonly onBack: () => void;
}

export function JoinNamePage({ invite, code, onJoined, onBack }: NameProps) {
  const { app, firstRun, devices } = useTexts();
  const { client } = useProgram().connection;
  const [name, setName] = useState(guessedName(devices, navigator.userAgent));
  const passphrase = usePassphrase();
  const join = useAction(async () => {
    const deviceName = name.trim();
    onJoined(
      await client["app.join"]({
        invite: invite.line,
        code: plainCode(code),
        deviceName,
        passphrase: passphrase.text,
      }),
    );
  });
  return (
    <form className="book-page" onSubmit={(event) => submit(event, join.run)}>
      <h1>{firstRun.deviceTitle}</h1>
      <p className="lead">{firstRun.deviceBody(invite.provider, invite.network)}</p>
      {invite.kind === "demo" && <p className="warning">{firstRun.demo}</p>}
      <Field
        label={firstRun.deviceName}
        hint={firstRun.deviceNameHint}
        value={name}
        onChange={setName}
        autoFocus
        autoComplete="off"
        maxLength={DEVICE_NAME_CHARACTERS_MAX}
      />
      <NewPassphrase of={passphrase} hint={firstRun.devicePassphraseHint} onChange={join.clear} />
      <ErrorNote code={join.error} instead={firstRun.joinErrors} />
      {join.pending && <Waiting>{firstRun.joining}</Waiting>}
      <div className="book-actions">
        <Button className="button quiet large" onPress={onBack} isDisabled={join.pending}>
          {app.back}
        </Button>
        <Button
          type="submit"
          className="button primary large"
          isDisabled={name.trim() === "" || !passphrase.isReady || join.pending}
        >
          {firstRun.join}
        </Button>
      </div>
    </form>
  );
}
