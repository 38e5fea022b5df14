/** The conversation being read: the newest message open, older ones folded, each with its mark and who could read it. */

import { ArrowLeft, Reply } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components/Button";
import type { Message } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { ErrorNote } from "../components/ErrorNote.tsx";
import { LinkPrompt } from "../components/LinkPrompt.tsx";
import type { MailLink } from "../components/sanitise-html.ts";
import { nameOf, visible } from "../components/visible-name.ts";
import { Waiting } from "../components/Waiting.tsx";
import type { DraftStart } from "../hooks/use-draft.ts";
import { useQuery } from "../hooks/use-query.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";
import { MessageView } from "./MessageView.tsx";

interface Props {
  readonly conversationId: string;
  readonly me: string;
  readonly onReply: (start: DraftStart) => void;
  readonly onClose: () => void;
}

export function Thread({ conversationId, me, onReply, onClose }: Props) {
  const texts = useTexts();
  const format = useFormat();
  const { client } = useProgram().connection;
  const [link, setLink] = useState<MailLink>();
  const { value, error, again } = useQuery(
    "mail.thread",
    { conversationId },
    { on: ["mail.changed"], when: (data) => "conversationId" in data && data.conversationId === conversationId },
  );

  const unread = value?.conversation.unread ?? false;
  useEffect(() => {
    // It has been shown, whatever becomes of the note about it.
    if (unread) void client["mail.markRead"]({ conversationId }).catch(() => {});
  }, [client, conversationId, unread]);

  if (error !== undefined) return <ErrorNote code={error} onRetry={again} />;
  if (value === undefined) return <Waiting>{texts.thread.loading}</Waiting>;
  const { messages } = value;
  const newest = messages.at(-1);

  function reply(message: Message): void {
    const others = message.direction === "in" ? [message.from] : message.to;
    const to = [...new Set(others.map(({ address }) => address))].filter((address) => address !== me);
    const quote = message.text
      .trimEnd()
      .split("\n")
      .map((line) => `> ${line}`);
    const intro = texts.thread.quoteIntro(format.dated(message.at), nameOf(message.from));
    onReply({
      to,
      subject: texts.thread.replySubject(message.subject),
      // A damaged message is not shown, so it is not quoted either.
      text: message.content === "broken" ? "" : `\n\n${intro}\n${quote.join("\n")}\n`,
      inReplyTo: message.id,
    });
  }

  return (
    <article className="thread" aria-label={texts.thread.label}>
      <header className="thread-head">
        <Button className="icon-button thread-back" aria-label={texts.thread.back} onPress={onClose}>
          <ArrowLeft aria-hidden="true" size={18} />
        </Button>
        <h1>
          <bdi>{visible(value.conversation.subject) || texts.list.noSubject}</bdi>
        </h1>
        {newest !== undefined && (
          <Button className="button" onPress={() => reply(newest)}>
            <Reply aria-hidden="true" size={16} />
            {texts.thread.reply}
          </Button>
        )}
      </header>
      <ol className="messages">
        {messages.map((message) => (
          <li key={message.id}>
            <MessageView message={message} startsOpen={message === newest || message.unread} onLink={setLink} />
          </li>
        ))}
      </ol>
      <LinkPrompt link={link} onClose={() => setLink(undefined)} />
    </article>
  );
}
