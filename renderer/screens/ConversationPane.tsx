/** The middle pane: a search field and conversations, newest first, a page at a time. */

import { Paperclip, Search, X } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components/Button";
import { Input } from "react-aria-components/Input";
import { ListBox, ListBoxItem } from "react-aria-components/ListBox";
import { SearchField } from "react-aria-components/SearchField";
import type { Conversation } from "#main/contract/contract.ts";
import { ErrorNote } from "../components/ErrorNote.tsx";
import { ExceptionMark } from "../components/Mark.tsx";
import { nameOf, visible } from "../components/visible-name.ts";
import { Waiting } from "../components/Waiting.tsx";
import { useNow } from "../hooks/use-now.ts";
import { useQuery } from "../hooks/use-query.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";

interface Props {
  readonly folder: "inbox" | "sent";
  readonly selected: string | undefined;
  readonly onOpen: (conversationId: string) => void;
  readonly onWrite: () => void;
}

/** One page of the list. */
const PAGE = 100;
/** The most that the contract gives for a search. */
const FOUND_MAX = 50;

export function ConversationPane({ folder, selected, onOpen, onWrite }: Props) {
  const texts = useTexts();
  const [typed, setTyped] = useState("");
  const query = typed.trim().slice(0, 200);
  const label = query === "" ? texts.list.label[folder] : texts.list.label.search;
  return (
    <section className="list-pane" aria-label={label} data-pane="list">
      <header className="list-head">
        <h1>{label}</h1>
        <SearchField className="search" aria-label={texts.list.search} value={typed} onChange={setTyped}>
          <Search aria-hidden="true" size={14} />
          <Input placeholder={texts.list.search} />
          {typed !== "" && (
            <Button aria-label={texts.list.clearSearch}>
              <X aria-hidden="true" size={14} />
            </Button>
          )}
        </SearchField>
      </header>
      {query === "" ? (
        <div className="list-scroll" key={folder}>
          <Page folder={folder} selected={selected} onOpen={onOpen} onWrite={onWrite} />
        </div>
      ) : (
        <div className="list-scroll" key="search">
          <Found query={query} selected={selected} onOpen={onOpen} />
        </div>
      )}
    </section>
  );
}

type PageProps = Props & { readonly before?: Pick<Conversation, "at" | "id"> };

/** One page, and below it, once asked for, the next. */
function Page({ before, ...props }: PageProps) {
  const { folder, selected, onOpen, onWrite } = props;
  const texts = useTexts();
  const [more, setMore] = useState(false);
  const { value, error, again } = useQuery(
    "mail.list",
    { folder, limit: PAGE, ...(before === undefined ? {} : { before }) },
    { on: ["mail.changed", "journey.changed"] },
  );
  if (error !== undefined) return <ErrorNote code={error} onRetry={again} />;
  if (value === undefined) return <Waiting>{texts.list.loading}</Waiting>;
  const { conversations } = value;
  const last = conversations.at(-1);
  if (last === undefined) return before === undefined ? <Empty kind={folder} onWrite={onWrite} /> : null;
  return (
    <>
      <Rows label={texts.list.label[folder]} conversations={conversations} selected={selected} onOpen={onOpen} />
      {conversations.length === PAGE &&
        (more ? (
          <Page {...props} before={{ at: last.at, id: last.id }} />
        ) : (
          <Button className="button quiet older" onPress={() => setMore(true)}>
            {texts.list.older}
          </Button>
        ))}
    </>
  );
}

function Found({ query, selected, onOpen }: Pick<Props, "selected" | "onOpen"> & { readonly query: string }) {
  const { list } = useTexts();
  const { value, error, again } = useQuery("mail.search", { query, limit: FOUND_MAX }, { on: ["mail.changed"] });
  if (error !== undefined) return <ErrorNote code={error} onRetry={again} />;
  if (value === undefined) return <Waiting>{list.searching}</Waiting>;
  if (value.conversations.length === 0) return <Empty kind="search" />;
  return <Rows label={list.label.search} conversations={value.conversations} selected={selected} onOpen={onOpen} />;
}

interface RowsProps {
  readonly label: string;
  readonly conversations: readonly Conversation[];
  readonly selected: string | undefined;
  readonly onOpen: (conversationId: string) => void;
}

function Rows({ label, conversations, selected, onOpen }: RowsProps) {
  const { list } = useTexts();
  return (
    <ListBox
      className="rows"
      aria-label={label}
      items={conversations}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={conversations.some(({ id }) => id === selected) ? [selected!] : []}
      onSelectionChange={(keys) => {
        const [id] = keys === "all" ? [] : keys;
        if (id !== undefined) onOpen(String(id));
      }}
    >
      {(conversation) => (
        <ListBoxItem
          className="row"
          textValue={`${peopleOf(conversation, list)}, ${conversation.subject}`}
          data-unread={conversation.unread}
        >
          <Row conversation={conversation} />
        </ListBoxItem>
      )}
    </ListBox>
  );
}

type ListTexts = ReturnType<typeof useTexts>["list"];

const peopleOf = ({ people }: Conversation, list: ListTexts): string =>
  people.length === 0 ? list.me : list.people(people.map(nameOf));

/** An en space, which belongs to neither of the two texts and their directions. */
const GAP = "\u2002";

function Row({ conversation: it }: { readonly conversation: Conversation }) {
  const { list, delivery } = useTexts();
  const format = useFormat();
  const now = useNow();
  return (
    <>
      <span className="row-top">
        {it.unread && <span className="unseen">{list.unread}</span>}
        <span className="row-people">
          <bdi>{peopleOf(it, list)}</bdi>
        </span>
        {it.messages > 1 && (
          <span className="row-messages" title={list.messages(it.messages)}>
            {it.messages}
          </span>
        )}
        <time className="row-time" dateTime={new Date(it.at).toISOString()}>
          {format.short(it.at, now)}
        </time>
      </span>
      <span className="row-bottom">
        <span className="row-text">
          <bdi className="row-subject">{visible(it.subject) || list.noSubject}</bdi>
          {GAP}
          <bdi className="row-line">{visible(it.firstLine)}</bdi>
        </span>
        {it.hasAttachments && (
          <span className="row-clip">
            <Paperclip aria-hidden="true" size={13} />
            <span className="unseen">{list.attachment}</span>
          </span>
        )}
        <ExceptionMark content={it.content} path={it.path} />
        {it.delivery !== undefined && it.delivery !== "delivered" && (
          <span className="delivery" data-delivery={it.delivery}>
            {delivery[it.delivery]}
          </span>
        )}
      </span>
    </>
  );
}

/** Teaches in one sentence, with one thing to do. */
export function Empty({
  kind,
  onWrite,
}: {
  readonly kind: "inbox" | "sent" | "drafts" | "search";
  readonly onWrite?: () => void;
}) {
  const { list } = useTexts();
  return (
    <div className="empty">
      <p className="empty-title">{list.empty[kind].title}</p>
      <p>{list.empty[kind].body}</p>
      {onWrite !== undefined && (
        <Button className="button" onPress={onWrite}>
          {list.writeFirst}
        </Button>
      )}
    </div>
  );
}
