/** This device was put out of its account: above every page, what that means, and the way back. */

import { useState } from "react";
import { Button } from "react-aria-components/Button";
import { Dialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { readJoinLine } from "#main/contract/join-line.ts";
import { useProgram } from "../api/program.ts";
import { useAction } from "../hooks/use-action.ts";
import { useTexts } from "../hooks/use-texts.ts";
import { CodeField, isWholeCode, plainCode } from "./CodeField.tsx";
import { ErrorNote } from "./ErrorNote.tsx";
import { submit } from "./submit.ts";
import { Waiting } from "./Waiting.tsx";

interface Props {
  /** It is one of the account again. */
  readonly onJoined: () => void;
}

export function Removed({ onJoined }: Props) {
  const { removed } = useTexts();
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="banner above">
      <ErrorNote code="DEVICE_UNKNOWN" onRetry={() => setOpen(true)} retryLabel={removed.rejoin} />
      <ModalOverlay className="overlay" isOpen={isOpen} onOpenChange={setOpen}>
        <Modal className="modal">
          <Dialog className="dialog">
            <Rejoin onJoined={onJoined} onClose={() => setOpen(false)} />
          </Dialog>
        </Modal>
      </ModalOverlay>
    </div>
  );
}

function Rejoin({ onJoined, onClose }: Props & { readonly onClose: () => void }) {
  const { app, devices, firstRun, removed } = useTexts();
  const { client } = useProgram().connection;
  const [code, setCode] = useState("");
  const join = useAction(async () => {
    await client["devices.rejoin"]({ code: plainCode(code) });
    onJoined();
  });
  return (
    <form className="dialog-form" onSubmit={(event) => submit(event, join.run)}>
      <Heading slot="title">{removed.title}</Heading>
      <p>{removed.body}</p>
      <CodeField
        value={code}
        onChange={(text) => (setCode(readJoinLine(text)?.code ?? text), join.clear())}
        autoFocus
      />
      <ErrorNote code={join.error} instead={devices.errors} />
      {join.pending && <Waiting>{firstRun.joining}</Waiting>}
      <div className="dialog-actions">
        <Button className="button quiet" isDisabled={join.pending} onPress={onClose}>
          {app.cancel}
        </Button>
        <Button type="submit" className="button primary" isDisabled={!isWholeCode(code) || join.pending}>
          {removed.rejoin}
        </Button>
      </div>
    </form>
  );
}
