/** A name for a device, and the question before one is put out. */

import { type ReactNode, useState } from "react";
import { Button } from "react-aria-components/Button";
import { Dialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import type { Device } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { useAction } from "../hooks/use-action.ts";
import { useTexts } from "../hooks/use-texts.ts";
import { deviceName, guessedName } from "./device-name.ts";
import { ErrorNote } from "./ErrorNote.tsx";
import { Field } from "./Field.tsx";
import { submit } from "./submit.ts";
import { visible } from "./visible-name.ts";
import { Waiting } from "./Waiting.tsx";

interface Props {
  readonly device: Device | undefined;
  readonly onClose: () => void;
}

/** Of most scripts a label has room for as many. */
export const DEVICE_NAME_CHARACTERS_MAX = 32;

export function RenameDevice({ device, onClose }: Props) {
  return (
    <Sheet isOpen={device !== undefined} onClose={onClose}>
      {device !== undefined && <Rename device={device} onClose={onClose} />}
    </Sheet>
  );
}

export function RemoveDevice({ device, onClose, onRemoved }: Props & { readonly onRemoved: (device: Device) => void }) {
  return (
    <Sheet isOpen={device !== undefined} isQuestion onClose={onClose}>
      {device !== undefined && <Remove device={device} onClose={onClose} onRemoved={onRemoved} />}
    </Sheet>
  );
}

interface SheetProps {
  readonly isOpen: boolean;
  /** Read out before anything else. */
  readonly isQuestion?: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

function Sheet({ isOpen, isQuestion = false, onClose, children }: SheetProps) {
  return (
    <ModalOverlay className="overlay" isOpen={isOpen} isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal">
        <Dialog className="dialog" {...(isQuestion ? { role: "alertdialog" } : {})}>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Rename({ device, onClose }: { readonly device: Device; readonly onClose: () => void }) {
  const { app, devices } = useTexts();
  const { client } = useProgram().connection;
  const [name, setName] = useState(visible(device.name) || guessedName(devices, navigator.userAgent));
  const save = useAction(async () => {
    await client["devices.rename"]({ id: device.id, name: name.trim() });
    onClose();
  });
  return (
    <form className="dialog-form" onSubmit={(event) => submit(event, save.run)}>
      <Heading slot="title">{devices.renameTitle}</Heading>
      <Field
        label={devices.renameField}
        value={name}
        onChange={(text) => (setName(text), save.clear())}
        autoFocus
        autoComplete="off"
        maxLength={DEVICE_NAME_CHARACTERS_MAX}
      />
      <ErrorNote code={save.error} instead={devices.errors} />
      <div className="dialog-actions">
        <Button className="button quiet" onPress={onClose}>
          {app.cancel}
        </Button>
        <Button type="submit" className="button primary" isDisabled={name.trim() === "" || save.pending}>
          {devices.save}
        </Button>
      </div>
    </form>
  );
}

interface RemoveProps {
  readonly device: Device;
  readonly onClose: () => void;
  readonly onRemoved: (device: Device) => void;
}

function Remove({ device, onClose, onRemoved }: RemoveProps) {
  const { devices } = useTexts();
  const { client } = useProgram().connection;
  const remove = useAction(async () => {
    await client["devices.remove"]({ id: device.id });
    onRemoved(device);
    onClose();
  });
  return (
    <>
      <Heading slot="title">{devices.removeTitle(deviceName(device, devices))}</Heading>
      <p>{device.isUnfinished ? devices.removeUnfinished : devices.removeBody}</p>
      <p className="warning">{devices.removeRest}</p>
      <ErrorNote code={remove.error} instead={devices.errors} />
      {remove.pending && <Waiting>{devices.removing}</Waiting>}
      <div className="dialog-actions">
        <Button className="button quiet" isDisabled={remove.pending} onPress={remove.run}>
          {devices.removeYes}
        </Button>
        <Button className="button primary" autoFocus onPress={onClose}>
          {devices.keep}
        </Button>
      </div>
    </>
  );
}
