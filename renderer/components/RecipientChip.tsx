/** One reader of the mail being written: name and state in words; more on hover, focus and press. */

import { X } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { Button } from "react-aria-components/Button";
import { Dialog, DialogTrigger } from "react-aria-components/Dialog";
import { Popover } from "react-aria-components/Popover";
import { Tooltip, TooltipTrigger } from "react-aria-components/Tooltip";
import { isReady, type Reader } from "../hooks/use-recipients.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";
import { Glyph } from "./Glyph.tsx";
import { SafetyNumber } from "./SafetyNumber.tsx";
import { nameOf } from "./visible-name.ts";

interface Props {
  readonly reader: Reader;
  readonly onRemove: () => void;
  readonly onAsk: () => void;
  readonly onAccept: () => void;
}

export function RecipientChip({ reader, onRemove, onAsk, onAccept }: Props) {
  const { recipient, compose } = useTexts();
  const format = useFormat();
  const [open, setOpen] = useState(false);
  const [comparing, setComparing] = useState(false);
  const { state, path } = reader;
  const name = nameOf(reader);
  const ready = isReady(reader);
  const words = ready ? `${recipient[state]}, ${path}` : recipient[state];
  const says = recipient.says[state](name);

  function hear(event: KeyboardEvent): void {
    if (event.key !== "Delete" && event.key !== "Backspace") return;
    event.preventDefault();
    onRemove();
  }

  return (
    <span className="chip" data-state={state} onKeyDownCapture={open || comparing ? undefined : hear}>
      <DialogTrigger isOpen={open} onOpenChange={setOpen}>
        <TooltipTrigger delay={400} isDisabled={open}>
          <Button className="chip-body" data-reader={reader.address}>
            <span className="chip-name">{name}</span>
            <span className="chip-words">{words}</span>
            {ready && <Glyph content={state === "verified" ? "verified" : "private"} path={path} />}
          </Button>
          <Tooltip className="tooltip wide" offset={6}>
            {says}
          </Tooltip>
        </TooltipTrigger>
        <Popover className="popover" offset={6} placement="bottom start">
          <Dialog className="chip-details" aria-label={recipient.details(name)}>
            <p className="chip-address" dir="ltr">
              {reader.address}
            </p>
            <p>{says}</p>
            {ready && (
              <p>
                {recipient.pathSays[path]} {recipient.expected(format.duration(reader.expectedSeconds))}
              </p>
            )}
            <div className="chip-actions">
              {(ready || state === "changed") && (
                <Button
                  className="button"
                  onPress={() => {
                    setOpen(false);
                    setComparing(true);
                  }}
                >
                  {recipient.compare}
                </Button>
              )}
              {state === "changed" && (
                <Button
                  className="button quiet"
                  onPress={() => {
                    setOpen(false);
                    onAccept();
                  }}
                >
                  {recipient.accept}
                </Button>
              )}
              {(state === "unavailable" || state === "unknown" || state === "expired") && (
                <Button
                  className="button"
                  onPress={() => {
                    setOpen(false);
                    onAsk();
                  }}
                >
                  {recipient.ask}
                </Button>
              )}
            </div>
          </Dialog>
        </Popover>
      </DialogTrigger>
      <Button className="chip-remove" aria-label={compose.remove(name)} onPress={onRemove} excludeFromTabOrder>
        <X aria-hidden="true" size={14} />
      </Button>
      <SafetyNumber
        person={reader}
        isOpen={comparing}
        onClose={(changed) => {
          setComparing(false);
          if (changed) onAsk();
        }}
      />
    </span>
  );
}
