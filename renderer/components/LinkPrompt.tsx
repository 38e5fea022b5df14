/** Asks before an address opens in the browser, and shows where it really goes. */

import { useState } from "react";
import { Button } from "react-aria-components/Button";
import { Dialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { useProgram } from "../api/program.ts";
import { useTexts } from "../hooks/use-texts.ts";
import { disagrees } from "./link-text.ts";
import type { MailLink } from "./sanitise-html.ts";
import { visible } from "./visible-name.ts";

interface Props {
  readonly link: MailLink | undefined;
  readonly onClose: () => void;
}

export function LinkPrompt({ link, onClose }: Props) {
  const texts = useTexts();
  const program = useProgram();
  // Stays while the dialog fades out.
  const [shown, setShown] = useState(link);
  if (link !== undefined && link !== shown) setShown(link);
  if (shown === undefined) return null;
  const { origin, rest } = parts(shown.url);
  const text = visible(shown.text);
  return (
    <ModalOverlay
      className="overlay"
      isOpen={link !== undefined}
      isDismissable
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className="modal">
        <Dialog className="dialog" role="alertdialog">
          <Heading slot="title">{texts.link.title}</Heading>
          <p>{texts.link.body}</p>
          <p className="link-target" dir="ltr" aria-label={texts.link.target}>
            <strong>{origin}</strong>
            {rest}
          </p>
          {text !== "" && text !== shown.url && <p className="hint">{texts.link.shownAs(text)}</p>}
          {disagrees(shown) && (
            <p className="warning" role="alert">
              {texts.link.differs}
            </p>
          )}
          <div className="dialog-actions">
            <Button
              className="button quiet"
              onPress={() => {
                program.openExternal(shown.url);
                onClose();
              }}
            >
              {texts.link.open}
            </Button>
            <Button className="button primary" onPress={onClose} autoFocus>
              {texts.link.stay}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** The site, which matters, apart from the rest, which may be long. International names appear in their ASCII form. */
function parts(address: string): { origin: string; rest: string } {
  const url = new URL(address);
  if (url.protocol === "mailto:") return { origin: address, rest: "" };
  return { origin: url.origin, rest: address.slice(address.indexOf(url.host) + url.host.length) };
}
