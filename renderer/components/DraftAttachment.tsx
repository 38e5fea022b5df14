/** A file of the mail being written: its size, and what it costs in time. */

import { X } from "lucide-react";
import { Button } from "react-aria-components/Button";
import type { Attachment } from "#main/contract/contract.ts";
import { useQuery } from "../hooks/use-query.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";
import { visible } from "./visible-name.ts";

interface Props {
  readonly file: Attachment;
  /** What the mail weighs without it. */
  readonly otherBytes: number;
  /** To whom it goes. */
  readonly to: readonly string[];
  readonly onRemove: () => void;
}

export function DraftAttachment({ file, otherBytes, to, onRemove }: Props) {
  const { compose } = useTexts();
  const format = useFormat();
  const without = useQuery("network.estimate", { bytes: otherBytes, to: [...to] }, { on: ["network.changed"] });
  const whole = useQuery(
    "network.estimate",
    { bytes: otherBytes + file.bytes, to: [...to] },
    { on: ["network.changed"] },
  );
  const name = visible(file.name);
  const seconds = (whole.value?.seconds ?? 0) - (without.value?.seconds ?? 0);
  const known = whole.value !== undefined && without.value !== undefined;
  return (
    <li className="compose-file">
      <bdi className="attachment-name">{name}</bdi>
      <span className="attachment-size">{format.bytes(file.bytes)}</span>
      {known && (
        <span className="attachment-cost">{seconds < 1 ? compose.noCost : compose.cost(format.duration(seconds))}</span>
      )}
      <Button className="chip-remove" aria-label={compose.removeAttachment(name)} onPress={onRemove}>
        <X aria-hidden="true" size={14} />
      </Button>
    </li>
  );
}
