/**
 * A draft that saves itself: a moment after the last change, one save at a time, the newest text wins. What is typed is
 * never replaced by what was saved, so the text field's own undo keeps working.
 */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Attachment, Draft, ErrorCode } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { codeOf } from "./use-action.ts";

/** Shorter than a pause for thought, longer than the gap between two letters. */
const PAUSE_MS = 600;

export interface DraftContent {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

export interface OpenDraft {
  readonly content: DraftContent;
  readonly attachments: readonly Attachment[];
  readonly state: "saved" | "saving" | "unsaved";
  readonly error: ErrorCode | undefined;
  change(part: Partial<DraftContent>): void;
  setAttachments(attachments: readonly Attachment[]): void;
  /** Saves what is not saved yet; answers the draft's id, undefined when there was nothing to save. */
  flush(): Promise<string | undefined>;
  /** Makes sure that there is a draft to attach to. */
  ensure(): Promise<string>;
  /** No more saves: the draft was sent or thrown away. */
  stop(): void;
}

export type DraftStart = Partial<DraftContent> & Pick<Partial<Draft>, "id" | "inReplyTo" | "attachments">;

export function useDraft(start: DraftStart): OpenDraft {
  const { client } = useProgram().connection;
  const [content, setContent] = useState<DraftContent>({
    to: start.to ?? [],
    subject: start.subject ?? "",
    text: start.text ?? "",
  });
  const [attachments, showAttachments] = useState<readonly Attachment[]>(start.attachments ?? []);
  const [state, setState] = useState<OpenDraft["state"]>("saved");
  const [error, setError] = useState<ErrorCode>();
  const box = useRef({
    content,
    id: start.id,
    inReplyTo: start.inReplyTo,
    attachments: start.attachments ?? [],
    changed: 0,
    saved: 0,
    stopped: false,
    saving: Promise.resolve(),
    timer: undefined as ReturnType<typeof setTimeout> | undefined,
  });

  const save = useCallback(
    (force: boolean): Promise<void> => {
      const it = box.current;
      clearTimeout(it.timer);
      it.saving = it.saving
        .catch(() => {})
        .then(async () => {
          if (it.stopped || (it.changed === it.saved && !(force && it.id === undefined))) return;
          const version = it.changed;
          setState("saving");
          try {
            const { to, subject, text } = it.content;
            const stored = await client["draft.save"]({
              to: [...to],
              subject,
              text,
              ...(it.id === undefined ? {} : { draftId: it.id }),
              ...(it.inReplyTo === undefined ? {} : { inReplyTo: it.inReplyTo }),
            });
            it.id = stored.id;
            it.saved = version;
            setError(undefined);
            setState(it.changed === version ? "saved" : "unsaved");
          } catch (thrown) {
            setState("unsaved");
            setError(codeOf(thrown));
            throw thrown;
          }
        });
      return it.saving;
    },
    [client],
  );

  useEffect(() => {
    const it = box.current;
    it.stopped = false;
    return () => {
      if (it.stopped) return;
      void save(false)
        .then(async () => {
          // What was emptied again is nothing that anybody would look for.
          if (it.changed > 0 && it.id !== undefined && isBlank(it)) await client["draft.discard"]({ draftId: it.id });
        })
        .catch(() => {});
    };
  }, [client, save]);

  const actions = useMemo(
    () => ({
      change(part: Partial<DraftContent>) {
        const it = box.current;
        it.content = { ...it.content, ...part };
        it.changed++;
        setContent(it.content);
        setState("unsaved");
        clearTimeout(it.timer);
        it.timer = setTimeout(() => void save(false).catch(() => {}), PAUSE_MS);
      },
      setAttachments(now: readonly Attachment[]) {
        box.current.attachments = [...now];
        showAttachments(now);
      },
      async flush() {
        await save(false);
        return box.current.id;
      },
      async ensure() {
        await save(true);
        return box.current.id!;
      },
      stop() {
        box.current.stopped = true;
        clearTimeout(box.current.timer);
      },
    }),
    [save],
  );

  return { content, attachments, state, error, ...actions };
}

const isBlank = (it: { readonly content: DraftContent; readonly attachments: readonly Attachment[] }): boolean =>
  it.content.to.length === 0 && it.attachments.length === 0 && `${it.content.subject}${it.content.text}`.trim() === "";
