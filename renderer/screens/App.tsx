/** Which of the window's stages is shown: first run, locked, or open; and what to say when the program is gone. */

import { useEffect, useState } from "react";
import type { AppState } from "#main/contract/contract.ts";
import type { Ending } from "../api/port-websocket.ts";
import { useProgram } from "../api/program.ts";
import { EndedContext, ErrorNote } from "../components/ErrorNote.tsx";
import { Waiting } from "../components/Waiting.tsx";
import { useQuery } from "../hooks/use-query.ts";
import { useTexts } from "../hooks/use-texts.ts";
import { FirstRun } from "./FirstRun.tsx";
import { Mail } from "./Mail.tsx";
import { Unlock } from "./Unlock.tsx";

export function App() {
  const { app } = useTexts();
  const program = useProgram();
  const ending = useEnding();
  const { value, error, again } = useQuery("app.state", {}, { on: ["app.changed"] });
  /** Shows what `app.create` answered until the user leaves the last page of the first run. */
  const [created, setCreated] = useState<AppState>();

  if (ending !== undefined && value === undefined) return <Gone ending={ending} />;
  return (
    <EndedContext value={ending !== undefined}>
      {ending !== undefined && (
        <div className="banner above">
          <ErrorNote
            text={sayEnding(app, ending)}
            onRetry={() => program.reload()}
            retryLabel={ending === "replaced" ? app.takeOver : app.reload}
          />
        </div>
      )}
      {error !== undefined && ending === undefined && (
        <main className="page">
          <ErrorNote code={error} onRetry={again} />
        </main>
      )}
      {value === undefined && error === undefined && (
        <main className="page">
          <Waiting>{app.connecting}</Waiting>
        </main>
      )}
      {value !== undefined && (value.stage === "new" || created !== undefined) && (
        <FirstRun created={created} onCreated={setCreated} onDone={() => (setCreated(undefined), again())} />
      )}
      {value?.stage === "locked" && created === undefined && <Unlock address={value.address ?? ""} onOpen={again} />}
      {value?.stage === "open" && created === undefined && <Mail me={value} onLocked={again} />}
    </EndedContext>
  );
}

function useEnding(): Ending | undefined {
  const program = useProgram();
  const [ending, setEnding] = useState<Ending>();
  useEffect(() => program.connection.onClose(() => setEnding(program.ending())), [program]);
  return ending;
}

/** Instead of everything else: there never was a connection. */
export function Gone({ ending }: { readonly ending: Ending }) {
  const { app } = useTexts();
  return (
    <main className="page">
      <ErrorNote text={sayEnding(app, ending)} />
    </main>
  );
}

const sayEnding = (app: ReturnType<typeof useTexts>["app"], ending: Ending) =>
  ({ "not-let-in": app.notLetIn, replaced: app.replaced, lost: app.lost })[ending];
