/**
 * Makes a sender's HTML harmless: DOMPurify with a short list of what a letter needs, every style declaration checked, style
 * sheets folded into attributes, links without targets, nothing that would be fetched. What comes out goes unchanged into a
 * frame without scripts (HtmlMail.tsx); altering a tree after sanitising it is how mutation attacks come back.
 */

import DOMPurify, { type Config } from "dompurify";
import { foldStyleSheets, safeDeclarations } from "./mail-styles.ts";

export interface SanitisedHtml {
  /** A fragment for the body of the frame. */
  readonly html: string;
  /** In the order of their numbers in the text. */
  readonly links: readonly MailLink[];
  /** Pictures and other things that would have been fetched. */
  readonly removedRemote: number;
}

export interface MailLink {
  readonly url: string;
  /** What the mail shows in its place. */
  readonly text: string;
}

const words = (text: string): string[] => text.trim().split(/\s+/);

/** What letters are made of. No SVG, no MathML, no style elements, no forms: what is not named here is gone, its text stays. */
const CONFIG = {
  ALLOWED_TAGS: words(`
    #text a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup
    dd del dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li
    main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub sup table tbody td
    tfoot th thead time tr tt u ul var wbr
  `),
  ALLOWED_ATTR: words(`
    align alt bgcolor border cellpadding cellspacing color cols colspan datetime dir face height href
    hspace lang noshade nowrap reversed rowspan scope size span src start style title type valign value
    vspace width
  `),
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  // Their text is not for reading.
  FORBID_CONTENTS: words(`
    style script title template select textarea svg math noscript iframe
  `),
  // Pictures inside the mail only; where links go is decided by the user, not by the attribute.
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|data:image\/(?:png|jpe?g|gif|webp);base64,)/i,
  KEEP_CONTENT: true,
} satisfies Config;

const LINK_SCHEME = /^(?:https?|mailto):$/;
const PICTURE = /^data:image\/(?:png|jpe?g|gif|webp);base64,[a-z\d+/=\s]*$/i;

export function sanitiseHtml(source: string): SanitisedHtml {
  const links: MailLink[] = [];
  let removedRemote = 0;

  const purify = DOMPurify(window);
  purify.addHook("uponSanitizeAttribute", (element, data) => {
    if (data.attrName === "style") {
      const { declarations, fetches } = safeDeclarations(data.attrValue);
      removedRemote += fetches;
      data.attrValue = declarations;
      data.keepAttr = declarations !== "";
    } else if (data.attrName === "src") {
      data.keepAttr = element.nodeName === "IMG" && PICTURE.test(data.attrValue);
      if (!data.keepAttr) removedRemote++;
    }
  });
  purify.addHook("afterSanitizeAttributes", (element) => {
    if (element.nodeName !== "A") return;
    // A frame without scripts cannot ask before it goes, so it cannot go: the number leads to the list below the mail.
    const url = linkTarget(element.getAttribute("href"));
    element.removeAttribute("href");
    if (url === undefined) return;
    links.push({ url, text: (element.textContent ?? "").replaceAll(/\s+/g, " ").trim().slice(0, 200) });
    element.setAttribute("title", `[${links.length}] ${url}`);
    element.append(` [${links.length}]`);
  });

  const html = purify.sanitize(foldStyleSheets(source), { ...CONFIG, RETURN_TRUSTED_TYPE: false });
  return { html, links, removedRemote };
}

/** Only what a browser or a composer opens, in the form in which it would go out. */
export function linkTarget(href: string | null): string | undefined {
  if (href === null || !URL.canParse(href)) return undefined;
  const url = new URL(href);
  return LINK_SCHEME.test(url.protocol) ? url.href : undefined;
}

/** The whole document of the frame. Its own policy stands beside the page's, which it inherits; the narrower of both holds. */
export const frameDocument = (html: string, styleSheet: string): string =>
  `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${FRAME_POLICY}">` +
  `<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light"></head>` +
  `<body style="${styleSheet}">${html}</body></html>`;

const FRAME_POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-src 'none'";
