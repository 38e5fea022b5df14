/** A message as text: quotes folded, addresses of sites as buttons that ask before they open. */

import { useMemo, useState } from "react";
import { Button } from "react-aria-components/Button";
import { useTexts } from "../hooks/use-texts.ts";
import { type MailLink, linkTarget } from "./sanitise-html.ts";
import { splitQuotes } from "./split-quotes.ts";

interface Props {
  readonly text: string;
  readonly onLink: (link: MailLink) => void;
}

export function PlainText({ text, onLink }: Props) {
  const parts = useMemo(() => splitQuotes(text), [text]);
  const { thread } = useTexts();
  if (text.trim() === "") return <p className="hint">{thread.empty}</p>;
  return (
    <div className="plain-text" dir="auto">
      {[...parts.entries()].map(([place, { quoted, text: part }]) =>
        quoted ? (
          <Quote key={place} text={part} onLink={onLink} />
        ) : (
          <p key={place} dir="auto">
            <Linked text={part} onLink={onLink} />
          </p>
        ),
      )}
    </div>
  );
}

function Quote({ text, onLink }: Props) {
  const [open, setOpen] = useState(false);
  const { thread } = useTexts();
  return (
    <div className="quote">
      <Button className="quote-toggle" aria-expanded={open} onPress={() => setOpen(!open)}>
        <span aria-hidden="true">•••</span>
        <span className="unseen">{open ? thread.hideQuote : thread.showQuote}</span>
      </Button>
      {open && (
        <blockquote dir="auto">
          <Linked text={text} onLink={onLink} />
        </blockquote>
      )}
    </div>
  );
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"')\]]+[^\s<>"')\].,;:!?]/gi;

function Linked({ text, onLink }: Props) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const url = linkTarget(match[0]);
    if (url === undefined) continue;
    parts.push(text.slice(from, match.index));
    parts.push(
      <Button key={match.index} className="link" onPress={() => onLink({ url, text: match[0] })}>
        {match[0]}
      </Button>,
    );
    from = match.index + match[0].length;
  }
  return (
    <>
      {parts}
      {text.slice(from)}
    </>
  );
}
