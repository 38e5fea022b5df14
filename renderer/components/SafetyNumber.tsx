/** The number that two people read to each other. */

import { Button } from "react-aria-components/Button";
import { Dialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import type { Person } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { useAction } from "../hooks/use-action.ts";
import { useQuery } from "../hooks/use-query.ts";
import { useTexts } from "../hooks/use-texts.ts";
import { ErrorNote } from "./ErrorNote.tsx";
import { nameOf } from "./visible-name.ts";
import { Waiting } from "./Waiting.tsx";

interface Props {
  readonly person: Person;
  readonly isOpen: boolean;
  /** `changed`: what is known of this person is now different. */
  readonly onClose: (changed: boolean) => void;
}

export function SafetyNumber({ person, isOpen, onClose }: Props) {
  return (
    <ModalOverlay className="overlay" isOpen={isOpen} isDismissable onOpenChange={(open) => !open && onClose(false)}>
      <Modal className="modal">
        <Dialog className="dialog">{isOpen && <Numbers person={person} onClose={onClose} />}</Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Numbers({ person, onClose }: Omit<Props, "isOpen">) {
  const { safety } = useTexts();
  const { client } = useProgram().connection;
  const { address } = person;
  const { value, error, again } = useQuery("people.safetyNumber", { address });
  const verify = useAction(async (verified: boolean) => {
    await client["people.setVerified"]({ address, verified });
    onClose(true);
  });
  return (
    <>
      <Heading slot="title">{safety.title(nameOf(person))}</Heading>
      <p>{safety.body(nameOf(person))}</p>
      {value === undefined && error === undefined && <Waiting>{safety.loading}</Waiting>}
      <ErrorNote code={error ?? verify.error} onRetry={error === undefined ? undefined : again} />
      {value !== undefined && (
        <>
          <ol className="safety-number" dir="ltr">
            {[...value.groups.entries()].map(([place, group]) => (
              <li key={place}>{group}</li>
            ))}
          </ol>
          {value.changed && <p className="warning">{safety.changed}</p>}
          {value.verified && <p className="hint">{safety.verified}</p>}
          <div className="dialog-actions">
            <Button className="button quiet" onPress={() => onClose(false)}>
              {safety.differ}
            </Button>
            <Button
              className={value.verified ? "button" : "button primary"}
              isDisabled={verify.pending}
              onPress={() => verify.run(!value.verified)}
            >
              {value.verified ? safety.unmatch : safety.match}
            </Button>
          </div>
        </>
      )}
    </>
  );
}
