/** Asks for the passphrase. */

import { useState } from "react";
import { Button } from "react-aria-components/Button";
import { useProgram } from "../api/program.ts";
import { ErrorNote } from "../components/ErrorNote.tsx";
import { Field } from "../components/Field.tsx";
import { Flock } from "../components/Flock.tsx";
import { Waiting } from "../components/Waiting.tsx";
import { useAction } from "../hooks/use-action.ts";
import { useTexts } from "../hooks/use-texts.ts";

export function Unlock({ address, onOpen }: { readonly address: string; readonly onOpen: () => void }) {
  const { app, unlock } = useTexts();
  const { client } = useProgram().connection;
  const [passphrase, setPassphrase] = useState("");
  const open = useAction(async () => {
    await client["app.unlock"]({ passphrase });
    setPassphrase("");
    onOpen();
  });
  return (
    <main className="page book">
      <Flock />
      <p className="wordmark">{app.name}</p>
      <form
        className="book-page"
        onSubmit={(event) => {
          event.preventDefault();
          open.run();
        }}
      >
        <h1>{unlock.title}</h1>
        <p className="lead">{unlock.body(address)}</p>
        {/* For password managers: which account this passphrase belongs to. */}
        <input hidden readOnly autoComplete="username" value={address} />
        <Field
          label={unlock.passphrase}
          type="password"
          value={passphrase}
          onChange={(text) => (setPassphrase(text), open.clear())}
          autoFocus
          autoComplete="current-password"
          maxLength={1_000}
        />
        <ErrorNote code={open.error} />
        {open.pending && <Waiting>{unlock.unlocking}</Waiting>}
        <Button type="submit" className="button primary large" isDisabled={passphrase === "" || open.pending}>
          {unlock.unlock}
        </Button>
      </form>
    </main>
  );
}
