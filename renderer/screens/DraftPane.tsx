/** The middle pane for drafts: what was begun and not sent. */

import { ListBox, ListBoxItem } from "react-aria-components/ListBox";
import type { Draft } from "#main/contract/contract.ts";
import { ErrorNote } from "../components/ErrorNote.tsx";
import { visible } from "../components/visible-name.ts";
import { Waiting } from "../components/Waiting.tsx";
import { useNow } from "../hooks/use-now.ts";
import { useQuery } from "../hooks/use-query.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";
import { Empty } from "./ConversationPane.tsx";

interface Props {
  /** Thrown away, but undo is still offered. */
  readonly hidden: ReadonlySet<string>;
  readonly onOpen: (draft: Draft) => void;
  readonly onWrite: () => void;
}

export function DraftPane({ hidden, onOpen, onWrite }: Props) {
  const { list } = useTexts();
  const { value, error, again } = useQuery("draft.list", {}, { on: ["mail.changed"] });
  const drafts = value?.drafts.filter(({ id }) => !hidden.has(id));
  return (
    <section className="list-pane" aria-label={list.label.drafts} data-pane="list">
      <header className="list-head">
        <h1>{list.label.drafts}</h1>
      </header>
      <div className="list-scroll">
        <ErrorNote code={error} onRetry={again} />
        {drafts === undefined && error === undefined && <Waiting>{list.loading}</Waiting>}
        {drafts?.length === 0 && <Empty kind="drafts" onWrite={onWrite} />}
        {drafts !== undefined && drafts.length > 0 && (
          <ListBox
            className="rows"
            aria-label={list.label.drafts}
            items={drafts}
            onAction={(id) => onOpen(byId(drafts, id))}
          >
            {(draft) => (
              <ListBoxItem className="row" textValue={visible(draft.subject) || list.noSubject}>
                <Row draft={draft} />
              </ListBoxItem>
            )}
          </ListBox>
        )}
      </div>
    </section>
  );
}

const byId = (drafts: readonly Draft[], key: string | number): Draft => drafts.find(({ id }) => id === key)!;

/** An en space, which belongs to neither of the two texts and their directions. */
const GAP = "\u2002";

function Row({ draft }: { readonly draft: Draft }) {
  const { list } = useTexts();
  const format = useFormat();
  const now = useNow();
  return (
    <>
      <span className="row-top">
        <span className="row-people">
          <bdi>{draft.to.length === 0 ? list.noRecipient : list.people(draft.to)}</bdi>
        </span>
        <time className="row-time" dateTime={new Date(draft.savedAt).toISOString()}>
          {format.short(draft.savedAt, now)}
        </time>
      </span>
      <span className="row-bottom">
        <span className="row-text">
          <bdi className="row-subject">{visible(draft.subject) || list.noSubject}</bdi>
          {GAP}
          <bdi className="row-line">{visible(draft.text.slice(0, 200))}</bdi>
        </span>
      </span>
    </>
  );
}
