/** The first three pages: an invite, or a code from another device; a name and passphrase; and a word about the paper to write it on. */

import { useState } from "react";
import { Button } from "react-aria-components/Button";
import { Checkbox } from "react-aria-components/Checkbox";
import type { AppState } from "#main/contract/contract.ts";
import { readJoinLine } from "#main/contract/join-line.ts";
import { useProgram } from "../api/program.ts";
import { ErrorNote } from "../components/ErrorNote.tsx";
import { Field } from "../components/Field.tsx";
import { Flock } from "../components/Flock.tsx";
import { NewPassphrase, usePassphrase } from "../components/NewPassphrase.tsx";
import { submit } from "../components/submit.ts";
import { Waiting } from "../components/Waiting.tsx";
import { useAction } from "../hooks/use-action.ts";
import { useTexts } from "../hooks/use-texts.ts";
import { type Invite, JoinCodePage, JoinNamePage, type TypedCode } from "./JoinPages.tsx";

interface Props {
  readonly created: AppState | undefined;
  readonly onCreated: (state: AppState) => void;
  readonly onDone: () => void;
}

/** To an account that there is, or to a new one. */
type Way = "new" | "join";

export function FirstRun({ created, onCreated, onDone }: Props) {
  const { app, firstRun } = useTexts();
  const [way, setWay] = useState<Way>("new");
  const [invite, setInvite] = useState<Invite>();
  /** Stays while somebody goes back and forth. */
  const [typed, setTyped] = useState<TypedCode>({ line: "", code: "" });
  const step = created !== undefined ? 3 : invite !== undefined ? 2 : 1;
  return (
    <main className="page book" data-step={step}>
      <Flock />
      <p className="wordmark">{app.name}</p>
      {step === 1 && way === "new" && (
        <InvitePage onRead={setInvite} onJoin={(given) => (setTyped(given ?? typed), setWay("join"))} />
      )}
      {step === 1 && way === "join" && (
        <JoinCodePage
          onRead={(read, given) => (setInvite(read), setTyped(given))}
          start={typed}
          onBack={() => setWay("new")}
        />
      )}
      {step === 2 && way === "new" && (
        <NamePage invite={invite!} onCreated={onCreated} onBack={() => setInvite(undefined)} />
      )}
      {step === 2 && way === "join" && (
        <JoinNamePage invite={invite!} code={typed.code} onJoined={onCreated} onBack={() => setInvite(undefined)} />
      )}
      {step === 3 && <DonePage state={created!} way={way} onDone={onDone} />}
      <p className="folio">
        <span className="unseen">{firstRun.steps(step)}</span>
        {[1, 2, 3].map((page) => (
          <span key={page} data-now={page === step} />
        ))}
      </p>
    </main>
  );
}

interface InviteProps {
  readonly onRead: (invite: Invite) => void;
  /** With what another device showed, if that was pasted here. */
  readonly onJoin: (given?: TypedCode) => void;
}

function InvitePage({ onRead, onJoin }: InviteProps) {
  const { firstRun } = useTexts();
  const { client } = useProgram().connection;
  const [line, setLine] = useState("");
  const read = useAction(async () => {
    const trimmed = line.trim();
    onRead({ ...(await client["app.readInvite"]({ invite: trimmed })), line: trimmed });
  });
  function change(text: string): void {
    const given = readJoinLine(text);
    if (given !== undefined) return onJoin(given);
    setLine(text);
    read.clear();
  }
  return (
    <form className="book-page" onSubmit={(event) => submit(event, read.run)}>
      <h1>{firstRun.inviteTitle}</h1>
      <p className="lead">{firstRun.inviteBody}</p>
      <Field
        label={firstRun.invite}
        hint={firstRun.inviteHint}
        value={line}
        onChange={change}
        autoFocus
        autoComplete="off"
        maxLength={4_000}
      />
      <ErrorNote code={read.error} instead={firstRun.createErrors} />
      {read.pending && <Waiting>{firstRun.reading}</Waiting>}
      <Button type="submit" className="button primary large" isDisabled={line.trim() === "" || read.pending}>
        {firstRun.continue}
      </Button>
      <Button className="button quiet" onPress={() => onJoin()} isDisabled={read.pending}>
        {firstRun.joinInstead}
      </Button>
    </form>
  );
}

interface NameProps {
  readonly invite: Invite;
  readonly onCreated: (state: AppState) => void;
  readonly onBack: () => void;
}

const LOCAL_PART = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;

function NamePage({ invite, onCreated, onBack }: NameProps) {
  const { app, firstRun } = useTexts();
  const { client } = useProgram().connection;
  const [name, setName] = useState("");
  const [typedLocalPart, setLocalPart] = useState<string>();
  const passphrase = usePassphrase();
  const localPart = typedLocalPart ?? suggest(name);
  const create = useAction(async () => {
    onCreated(
      await client["app.create"]({ invite: invite.line, name: name.trim(), localPart, passphrase: passphrase.text }),
    );
  });

  const badLocalPart = localPart !== "" && !LOCAL_PART.test(localPart);
  const ready = name.trim() !== "" && localPart !== "" && !badLocalPart && passphrase.isReady;
  return (
    <form className="book-page" onSubmit={(event) => submit(event, create.run)}>
      <h1>{firstRun.whoTitle}</h1>
      <p className="lead">{firstRun.whoBody(invite.provider, invite.network)}</p>
      {invite.kind === "demo" && <p className="warning">{firstRun.demo}</p>}
      <Field
        label={firstRun.name}
        hint={firstRun.nameHint}
        value={name}
        onChange={setName}
        autoFocus
        autoComplete="name"
        maxLength={100}
      />
      <Field
        label={firstRun.localPart}
        value={localPart}
        onChange={(text) => (setLocalPart(text.toLowerCase()), create.clear())}
        suffix={`@${invite.provider}`}
        problem={badLocalPart ? firstRun.localPartBad : undefined}
        autoComplete="off"
        spellCheck="false"
        maxLength={64}
      />
      <NewPassphrase of={passphrase} hint={firstRun.passphraseHint} onChange={create.clear} />
      <ErrorNote code={create.error} instead={firstRun.createErrors} />
      {create.pending && <Waiting>{firstRun.creating}</Waiting>}
      <div className="book-actions">
        <Button className="button quiet large" onPress={onBack} isDisabled={create.pending}>
          {app.back}
        </Button>
        <Button type="submit" className="button primary large" isDisabled={!ready || create.pending}>
          {firstRun.create}
        </Button>
      </div>
    </form>
  );
}

interface DoneProps {
  readonly state: AppState;
  readonly way: Way;
  readonly onDone: () => void;
}

function DonePage({ state, way, onDone }: DoneProps) {
  const { firstRun } = useTexts();
  const [saved, setSaved] = useState(false);
  return (
    <form className="book-page" onSubmit={(event) => submit(event, onDone)}>
      <h1>{firstRun.doneTitle(state.name ?? "")}</h1>
      <p className="lead">{(way === "join" ? firstRun.joinedBody : firstRun.doneBody)(state.address ?? "")}</p>
      <section className="paper">
        <h2>{firstRun.recoveryTitle}</h2>
        <p>{firstRun.recoveryBody}</p>
        <Checkbox className="checkbox" isSelected={saved} onChange={setSaved}>
          <span className="box" aria-hidden="true" />
          {firstRun.saved}
        </Checkbox>
      </section>
      <Button type="submit" className="button primary large" isDisabled={!saved}>
        {firstRun.toMail}
      </Button>
    </form>
  );
}

/** "Ada Lovelace" → "ada.lovelace", as far as letters go. */
const suggest = (name: string): string =>
  name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9\s.-]/g, "")
    .trim()
    .split(/\s+/)
    .slice(0, 2)
    .join(".");
