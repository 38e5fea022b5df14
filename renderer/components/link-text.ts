/** Whether a link's text names another site than the one it leads to. */

import type { MailLink } from "./sanitise-html.ts";

export function disagrees({ url, text }: MailLink): boolean {
  const named = /^(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?:[/:?#]|$)/iu.exec(text.trim())?.[1];
  if (named === undefined) return false;
  const target = new URL(url);
  if (target.protocol === "mailto:" || !URL.canParse(`https://${named}`)) return true;
  return bare(new URL(`https://${named}`).hostname) !== bare(target.hostname);
}

const bare = (host: string): string => host.replace(/^www\./, "");
