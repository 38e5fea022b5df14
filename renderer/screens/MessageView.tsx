/** One message of a conversation. */

import { useState } from "react";
import { Button } from "react-aria-components/Button";
import type { Message } from "#main/contract/contract.ts";
import { AttachmentList } from "../components/AttachmentList.tsx";
import { HtmlMail } from "../components/HtmlMail.tsx";
import { JourneyLine } from "../components/JourneyLine.tsx";
import { Mark } from "../components/Mark.tsx";
import { PlainText } from "../components/PlainText.tsx";
import type { MailLink } from "../components/sanitise-html.ts";
import { nameOf, visible } from "../components/visible-name.ts";
import { useNow } from "../hooks/use-now.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";

interface Props {
  readonly message: Message;
  readonly startsOpen: boolean;
  readonly onLink: (link: MailLink) => void;
}

export function MessageView({ message, startsOpen, onLink }: Props) {
  const texts = useTexts();
  const format = useFormat();
  const now = useNow();
  const [open, setOpen] = useState(startsOpen);
  const [layout, setLayout] = useState(false);
  const [details, setDetails] = useState(false);
  const ours = message.direction === "out";
  const [journey, setJourney] = useState(ours && message.delivery !== undefined && message.delivery !== "delivered");
  const name = ours ? texts.thread.you : nameOf(message.from);
  const time = (
    <time className="message-time" dateTime={new Date(message.at).toISOString()}>
      {format.long(message.at, now)}
    </time>
  );

  if (!open) {
    return (
      <Button className="message folded" aria-label={texts.thread.openMessage(name)} onPress={() => setOpen(true)}>
        <span className="message-from">{name}</span>
        <span className="message-line">
          <bdi>{visible(message.text.slice(0, 160))}</bdi>
        </span>
        {time}
      </Button>
    );
  }

  const broken = message.content === "broken";
  return (
    <section className="message" aria-label={name} data-direction={message.direction}>
      <header className="message-head">
        <div className="message-people">
          <span className="message-from" dir="auto">
            {name}
          </span>
          {!ours && (
            <span className="message-address" dir="ltr">
              {message.from.address}
            </span>
          )}
          <span className="message-to">
            {ours ? texts.thread.to(texts.list.people(message.to.map(nameOf))) : texts.thread.toYou}
          </span>
        </div>
        <div className="message-facts">
          {time}
          <Button
            className="mark-button"
            aria-expanded={details}
            aria-description={texts.thread.details}
            onPress={() => setDetails(!details)}
          >
            <Mark content={message.content} path={message.path} />
          </Button>
        </div>
      </header>
      {details && <Details message={message} />}
      {isSuspicious(message) && !details && (
        <p className="warning" role="note">
          {texts.mark.signature[message.signature]}
        </p>
      )}
      {broken ? (
        <p className="harm">{texts.mark.readableBy.broken()}</p>
      ) : layout ? (
        <HtmlMail messageId={message.id} onLink={onLink} />
      ) : (
        <PlainText text={message.text} onLink={onLink} />
      )}
      {!broken && message.hasHtml && (
        <Button className="button quiet layout-toggle" onPress={() => setLayout(!layout)}>
          {layout ? texts.thread.showText : texts.thread.showHtml}
        </Button>
      )}
      {!broken && <AttachmentList attachments={message.attachments} />}
      {ours && message.delivery !== undefined && (
        <footer className="message-foot">
          <span className="delivery" data-delivery={message.delivery}>
            {texts.delivery[message.delivery]}
          </span>
          <Button className="link" aria-expanded={journey} onPress={() => setJourney(!journey)}>
            {journey ? texts.journey.hide : texts.journey.show}
          </Button>
        </footer>
      )}
      {ours && journey && <JourneyLine messageId={message.id} />}
    </section>
  );
}

function Details({ message }: { readonly message: Message }) {
  const { mark, list } = useTexts();
  const others = message.direction === "in" ? [message.from] : message.to;
  return (
    <div className="message-details">
      <p>{mark.readableBy[message.content](list.people(others.map(nameOf)))}</p>
      <p>{mark.pathSays[message.path]}</p>
      <p>{mark.signature[message.signature]}</p>
    </div>
  );
}

/** Warned of without being asked. That nobody signed an open mail is its normal state. */
const isSuspicious = ({ direction, signature }: Message): boolean =>
  direction === "in" && signature !== "valid" && signature !== "none";
