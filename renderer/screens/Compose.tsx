/**
 * Writing, as a sheet over the conversation. Its title and its Send button say what will happen; it sends only what is private
 * to every reader; what is typed is saved by itself.
 */

import { ChevronDown, Paperclip, Trash2 } from "lucide-react";
import { type DragEvent, type KeyboardEvent, useContext, useId, useRef, useState } from "react";
import { Button } from "react-aria-components/Button";
import { type Attachment, LEAVES, type NetworkState } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { DraftAttachment } from "../components/DraftAttachment.tsx";
import { EndedContext, ErrorNote } from "../components/ErrorNote.tsx";
import { Glyph } from "../components/Glyph.tsx";
import { IconButton } from "../components/IconButton.tsx";
import { isVeryLong, LongMail } from "../components/LongMail.tsx";
import { RecipientField } from "../components/RecipientField.tsx";
import { Waiting } from "../components/Waiting.tsx";
import { nameOf } from "../components/visible-name.ts";
import { useAction } from "../hooks/use-action.ts";
import { type DraftStart, useDraft } from "../hooks/use-draft.ts";
import { useQuery } from "../hooks/use-query.ts";
import { isReady, type Reader, useRecipients } from "../hooks/use-recipients.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";

export interface Sent {
  readonly conversationId: string;
  /** "about 2 min"; undefined while nothing can leave. */
  readonly expected: string | undefined;
}

interface Props {
  readonly start: DraftStart;
  readonly networkState: NetworkState["state"] | undefined;
  readonly onClose: () => void;
  readonly onSent: (sent: Sent) => void;
  readonly onDiscard: (draft: DraftStart) => void;
}

export function Compose({ start, networkState, onClose, onSent, onDiscard }: Props) {
  const { compose, recipient } = useTexts();
  const format = useFormat();
  const program = useProgram();
  const { client } = program.connection;
  const titleId = useId();
  const reasonId = useId();
  const picker = useRef<HTMLInputElement>(null);
  const draft = useDraft(start);
  const readers = useRecipients(draft.content.to);

  const bytes = size(draft.content.text, draft.attachments);
  const estimate = useQuery("network.estimate", { bytes, to: [...draft.content.to] }, { on: ["network.changed"] });
  /** The last answer stands until the next one is there, so that the words do not jump. */
  const [lastEstimate, setLastEstimate] = useState(0);
  if (estimate.value !== undefined && estimate.value.seconds !== lastEstimate) setLastEstimate(estimate.value.seconds);
  const seconds = Math.max(lastEstimate, ...readers.readers.map(({ expectedSeconds }) => expectedSeconds));
  const waits = networkState !== undefined && !LEAVES.has(networkState);
  const outcome = outcomeOf(readers.readers);
  /** Typed in "To" and no reader yet. */
  const [unfinished, setUnfinished] = useState("");

  const send = useAction(async () => {
    const draftId = (await draft.flush()) ?? (await draft.ensure());
    const { conversationId, expectedAt } = await client["draft.send"]({ draftId });
    draft.stop();
    const expected = waits ? undefined : format.duration(Math.max(0, expectedAt - Date.now()) / 1_000);
    onSent({ conversationId, expected });
  });
  const attach = useAction(async (files: readonly File[]) => {
    const draftId = await draft.ensure();
    const all = [...draft.attachments];
    for (const file of files) {
      all.push(await program.files.attach(draftId, file));
      draft.setAttachments([...all]);
    }
  });
  const detach = useAction(async ({ handle }: Attachment) => {
    const stored = await client["draft.removeAttachment"]({ draftId: await draft.ensure(), handle });
    draft.setAttachments(stored.attachments);
  });
  const discard = useAction(async () => {
    const draftId = await draft.flush().catch(() => undefined);
    draft.stop();
    const { inReplyTo } = start;
    onDiscard({
      ...draft.content,
      attachments: [...draft.attachments],
      ...(draftId === undefined ? {} : { id: draftId }),
      ...(inReplyTo === undefined ? {} : { inReplyTo }),
    });
  });
  const [askedAt, setAskedAt] = useState<number>();
  const isEmpty = `${draft.content.subject}${draft.content.text}`.trim() === "" && draft.attachments.length === 0;
  /** A very long mail and an empty one are sent by the second press, at the length at which the first one asked. */
  const isAsked = askedAt === bytes && (isEmpty || isVeryLong(bytes));
  const mustAsk = !isAsked && (isEmpty || isVeryLong(bytes));
  const press = (): void => (mustAsk ? setAskedAt(bytes) : send.run());
  const isRemoved = networkState === "removed";
  const isEnded = useContext(EndedContext);
  const isHeld = isRemoved || isEnded || send.pending || attach.pending;
  const canSend = outcome.kind === "ready" && unfinished === "" && !isHeld;

  function hear(event: KeyboardEvent): void {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (canSend) press();
    } else if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      onClose();
    }
  }

  function drop(event: DragEvent): void {
    event.preventDefault();
    if (event.dataTransfer.files.length > 0) attach.run([...event.dataTransfer.files]);
  }

  function sendWords(): string {
    if (isEnded) return compose.send.ended;
    if (send.pending) return compose.send.sending;
    if (isRemoved) return compose.send.removed;
    if (unfinished !== "") return compose.send.unfinished(unfinished);
    switch (outcome.kind) {
      case "empty":
        return compose.send.noRecipient;
      case "looking":
        return compose.send.looking(nameOf(outcome.reader));
      case "blocked":
        return compose.send.blocked(nameOf(outcome.readers[0]!), outcome.readers.length - 1);
      case "ready":
        if (isAsked)
          return compose.send[isEmpty ? "sureEmpty" : "sureLong"](waits ? undefined : format.duration(seconds));
        if (waits) return compose.send.waits;
        return outcome.path === "mixed"
          ? compose.send.ready(format.duration(seconds))
          : compose.send.direct(format.duration(seconds));
    }
  }

  const title =
    compose.title[outcome.kind === "ready" ? (outcome.path === "direct" ? "direct" : outcome.content) : outcome.kind];
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the sheet hears its own keys and files
    <dialog
      open
      className="compose"
      aria-labelledby={titleId}
      data-outcome={outcome.kind}
      onKeyDown={hear}
      onDragOver={(event) => event.preventDefault()}
      onDrop={drop}
    >
      <header className="compose-head">
        <h2 id={titleId}>{title}</h2>
        {outcome.kind === "ready" && <Glyph content={outcome.content} path={outcome.path} />}
        <output className="save-state">
          {draft.state === "saved"
            ? draft.content.to.length + draft.content.text.length > 0
              ? compose.saved
              : ""
            : compose[draft.state]}
        </output>
        <IconButton label={compose.discard} onPress={() => discard.run()}>
          <Trash2 aria-hidden="true" size={16} />
        </IconButton>
        <IconButton label={compose.closeKeeping} onPress={onClose}>
          <ChevronDown aria-hidden="true" size={18} />
        </IconButton>
      </header>
      <div className="compose-body">
        <RecipientField
          readers={readers}
          onChange={(to) => draft.change({ to })}
          onTyped={setUnfinished}
          autoFocus={draft.content.to.length === 0}
        />
        <label className="compose-line">
          <span>{compose.subject}</span>
          <input
            value={draft.content.subject}
            maxLength={998}
            dir="auto"
            onChange={(event) => draft.change({ subject: event.target.value })}
          />
        </label>
        <textarea
          aria-label={compose.text}
          placeholder={compose.textHint}
          dir="auto"
          maxLength={2_000_000}
          value={draft.content.text}
          ref={(area) => {
            // An answer begins above what it quotes.
            if (area === null || area.dataset["begun"] !== undefined) return;
            area.dataset["begun"] = "";
            area.setSelectionRange(0, 0);
            if (draft.content.to.length > 0) area.focus();
          }}
          onChange={(event) => draft.change({ text: event.target.value })}
        />
        {draft.attachments.length > 0 && (
          <ul className="compose-files" aria-label={compose.attachments}>
            {draft.attachments.map((file) => (
              <DraftAttachment
                key={file.handle}
                file={file}
                otherBytes={bytes - file.bytes}
                to={draft.content.to}
                onRemove={() => detach.run(file)}
              />
            ))}
          </ul>
        )}
        <LongMail bytes={bytes} />
        {isAsked && isEmpty && <output className="warning">{compose.emptyMail}</output>}
        {attach.pending && <Waiting>{compose.attaching("…")}</Waiting>}
        <ErrorNote code={send.error} onDismiss={send.clear} />
        <ErrorNote code={attach.error ?? detach.error} onDismiss={() => (attach.clear(), detach.clear())} />
        {send.error === undefined && (
          <ErrorNote code={draft.error} onRetry={() => void draft.flush().catch(() => {})} />
        )}
      </div>
      <footer className="compose-foot">
        <Button
          className="button primary send"
          isDisabled={!canSend}
          onPress={press}
          aria-keyshortcuts="Control+Enter"
          aria-describedby={reasonId}
        >
          <span>{sendWords()}</span>
          {outcome.kind === "ready" && unfinished === "" && <Glyph content={outcome.content} path={outcome.path} />}
        </Button>
        {/* A disabled button cannot be reached by keyboard: why it is stands beside it, and is read out when it changes. */}
        <output id={reasonId} className="send-reason">
          {outcome.kind === "blocked" && recipient.says[outcome.readers[0]!.state](nameOf(outcome.readers[0]!))}
        </output>
        <span className="keys" aria-hidden="true">
          {canSend && compose.sendKeys}
        </span>
        <IconButton label={compose.attach} onPress={() => picker.current?.click()}>
          <Paperclip aria-hidden="true" size={16} />
        </IconButton>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label={compose.attach}
          onChange={(event) => {
            const files = [...(event.target.files ?? [])];
            event.target.value = "";
            if (files.length > 0) attach.run(files);
          }}
        />
      </footer>
    </dialog>
  );
}

type Outcome =
  | { readonly kind: "empty" }
  | { readonly kind: "looking"; readonly reader: Reader }
  | { readonly kind: "blocked"; readonly readers: readonly Reader[] }
  | { readonly kind: "ready"; readonly content: "private" | "verified"; readonly path: "mixed" | "direct" };

/** A mail is as private as its least private reader, and as mixed as its least mixed way. */
export function outcomeOf(readers: readonly Reader[]): Outcome {
  if (readers.length === 0) return { kind: "empty" };
  const blocked = readers.filter((reader) => !isReady(reader) && reader.state !== "looking");
  if (blocked.length > 0) return { kind: "blocked", readers: blocked };
  const reader = readers.find(({ state }) => state === "looking");
  if (reader !== undefined) return { kind: "looking", reader };
  return {
    kind: "ready",
    content: readers.every(({ state }) => state === "verified") ? "verified" : "private",
    path: readers.every(({ path }) => path === "mixed") ? "mixed" : "direct",
  };
}

/** Near enough to tell the time it takes: UTF-8 of the text, and the files as they are. */
const size = (text: string, attachments: readonly Attachment[]): number =>
  new TextEncoder().encode(text).length + attachments.reduce((sum, { bytes }) => sum + bytes, 0);
