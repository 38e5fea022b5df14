/** Files of a received mail: name, size, and saving. Nothing opens by itself. */

import { FileDown } from "lucide-react";
import { Button } from "react-aria-components/Button";
import type { Attachment } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { useAction } from "../hooks/use-action.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";
import { ErrorNote } from "./ErrorNote.tsx";
import { visible } from "./visible-name.ts";

export function AttachmentList({ attachments }: { readonly attachments: readonly Attachment[] }) {
  const { thread } = useTexts();
  const format = useFormat();
  const program = useProgram();
  const save = useAction(async (file: Attachment) => {
    program.save(await program.files.fetch(file), visible(file.name));
  });
  if (attachments.length === 0) return null;
  return (
    <div className="attachments">
      <ul aria-label={thread.attachments}>
        {attachments.map((file) => (
          <li key={file.handle}>
            <Button className="attachment" aria-label={thread.save(visible(file.name))} onPress={() => save.run(file)}>
              <FileDown aria-hidden="true" size={16} />
              <bdi className="attachment-name">{visible(file.name)}</bdi>
              <span className="attachment-size">{format.bytes(file.bytes)}</span>
            </Button>
          </li>
        ))}
      </ul>
      <ErrorNote code={save.error} onDismiss={save.clear} />
    </div>
  );
}
