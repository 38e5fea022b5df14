/**
 * A sender's layout in a frame that can do nothing: no scripts, an origin of its own, nothing fetched, no links that go
 * anywhere. What it links to stands below it, as real addresses, in the window's own words.
 */

import { useMemo } from "react";
import { Button } from "react-aria-components/Button";
import { useQuery } from "../hooks/use-query.ts";
import { useTexts } from "../hooks/use-texts.ts";
import { ErrorNote } from "./ErrorNote.tsx";
import { frameDocument, type MailLink, sanitiseHtml } from "./sanitise-html.ts";
import { Waiting } from "./Waiting.tsx";

/** System colours, so that a mail that sets only one of text and paper stays readable. */
const BODY_STYLE =
  "margin:16px;font:15px/1.5 system-ui,sans-serif;color:CanvasText;background-color:Canvas;overflow-wrap:anywhere";

interface Props {
  readonly messageId: string;
  readonly onLink: (link: MailLink) => void;
}

export function HtmlMail({ messageId, onLink }: Props) {
  const { thread } = useTexts();
  const { value, error, again } = useQuery("mail.html", { messageId });
  const mail = useMemo(() => (value === undefined ? undefined : sanitiseHtml(value.html)), [value]);
  if (error !== undefined) return <ErrorNote code={error} onRetry={again} />;
  if (mail === undefined) return <Waiting>{thread.htmlLoading}</Waiting>;
  return (
    <div className="html-mail">
      <iframe
        title={thread.htmlFrame}
        // Empty: every restriction there is. Neither scripts nor our origin may ever be allowed here.
        sandbox=""
        referrerPolicy="no-referrer"
        srcDoc={frameDocument(mail.html, BODY_STYLE)}
      />
      <p className="hint">
        {thread.htmlNote} {mail.removedRemote > 0 && thread.htmlRemoved(mail.removedRemote)}
      </p>
      {mail.links.length > 0 && (
        <section className="mail-links" aria-label={thread.links}>
          <h2>{thread.links}</h2>
          <ol>
            {[...mail.links.entries()].map(([place, link]) => (
              <li key={place}>
                <Button className="link" onPress={() => onLink(link)}>
                  {link.url}
                </Button>
              </li>
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}
