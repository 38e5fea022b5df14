/** What somebody carries to a new device: the code, alone or in one line with the provider's; until it has joined, the code is over, or was taken back. */

import { useEffect, useState } from "react";
import { Button } from "react-aria-components/Button";
import { Dialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import type { Device, Offer as Offered } from "#main/contract/contract.ts";
import { toJoinLine } from "#main/contract/join-line.ts";
import { useProgram } from "../api/program.ts";
import { useAction } from "../hooks/use-action.ts";
import { useNow } from "../hooks/use-now.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";
import { ErrorNote } from "./ErrorNote.tsx";
import { Field } from "./Field.tsx";
import { visible } from "./visible-name.ts";
import { Waiting } from "./Waiting.tsx";

interface Props {
  readonly isOpen: boolean;
  /** As far as is known now: one more than when they were first known is the one that has joined. */
  readonly devices: readonly Device[] | undefined;
  readonly onClose: () => void;
}

export function AddDevice({ isOpen, devices, onClose }: Props) {
  return (
    // A press beside it shall not end what somebody is typing over there.
    <ModalOverlay className="overlay" isOpen={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal">
        <Dialog className="dialog">{isOpen && <Offer devices={devices} onClose={onClose} />}</Dialog>
      </Modal>
    </ModalOverlay>
  );
}

const EVERY_SECOND = 1_000;

function Offer({ devices, onClose }: Omit<Props, "isOpen">) {
  const { addDevice, devices: texts } = useTexts();
  const { client } = useProgram().connection;
  const now = useNow(EVERY_SECOND);
  const [before, setBefore] = useState(devices);
  if (before === undefined && devices !== undefined) setBefore(devices);
  const [offer, setOffer] = useState<Offered>();
  const make = useAction(async () => setOffer(await client["devices.offer"]({})));
  const { run } = make;
  // Opening the dialog is asking for a code.
  useEffect(() => run(), [run]);
  const withdraw = useAction(async () => {
    await client["devices.withdraw"]({});
    onClose();
  });
  const fresh = devices?.find(({ id, isUnfinished }) => !isUnfinished && before?.every((device) => device.id !== id));
  const joined = fresh?.isJoining === true ? undefined : fresh;
  const isOver = offer !== undefined && now >= offer.until;
  return (
    <>
      <Heading slot="title">{addDevice.title}</Heading>
      {joined === undefined && !isOver && <p>{addDevice.body}</p>}
      {make.pending && <Waiting>{addDevice.preparing}</Waiting>}
      <ErrorNote
        code={make.error ?? withdraw.error}
        instead={texts.errors}
        onRetry={make.error === undefined ? undefined : make.run}
      />
      {offer !== undefined && joined === undefined && !isOver && <Shown offer={offer} />}
      <output className="device-state">
        {joined !== undefined
          ? addDevice.joined(visible(joined.name) || texts.unnamed)
          : isOver
            ? addDevice.over
            : offer !== undefined && (fresh === undefined ? addDevice.waiting : addDevice.joining)}
      </output>
      <div className="dialog-actions">
        {offer !== undefined && joined === undefined && !isOver ? (
          <Button className="button" isDisabled={withdraw.pending} onPress={withdraw.run}>
            {addDevice.cancel}
          </Button>
        ) : (
          <Button className={joined === undefined ? "button quiet" : "button primary"} onPress={onClose}>
            {addDevice.done}
          </Button>
        )}
        {isOver && joined === undefined && (
          <Button className="button primary" isDisabled={make.pending} onPress={make.run}>
            {addDevice.fresh}
          </Button>
        )}
      </div>
    </>
  );
}

function Shown({ offer: { code, line, until } }: { readonly offer: Offered }) {
  const { addDevice } = useTexts();
  const format = useFormat();
  return (
    <>
      <Field
        label={addDevice.line}
        hint={addDevice.lineHint}
        value={toJoinLine({ line, code })}
        spellCheck="false"
        isReadOnly
        onFocus={({ target }) => target.select()}
      />
      <div className="field">
        <p className="field-name" id="device-code">
          {addDevice.code}
        </p>
        <ol className="device-code" dir="ltr" aria-labelledby="device-code">
          {[...code.split("-").entries()].map(([place, group]) => (
            <li key={place}>{group}</li>
          ))}
        </ol>
        <p className="hint">{addDevice.codeHint}</p>
      </div>
      <p className="warning">
        {addDevice.secret} {addDevice.until(format.clock(until))}
      </p>
      <p className="hint">{addDevice.comesAlong}</p>
    </>
  );
}
