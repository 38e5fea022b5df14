/**
 * The styles of a stranger's mail. Only declarations that lay out and colour text survive; whatever could fetch, cover the
 * page, read an attribute or run is left out. Style sheets become style attributes, so the page's policy need not allow any.
 */

export interface SafeDeclarations {
  readonly declarations: string;
  /** How many of them would have fetched something. */
  readonly fetches: number;
}

/** What a letter needs, by the beginning of the property's name. */
const PROPERTIES =
  /^(?:background-color|border(?:-(?:block|inline|top|right|bottom|left|radius|collapse|spacing|color|style|width).*)?|caption-side|clear|color|direction|display|empty-cells|float|font(?:-(?:family|size|style|variant|weight|stretch))?|height|letter-spacing|line-height|list-style-(?:position|type)|margin(?:-.+)?|max-(?:height|width)|min-(?:height|width)|opacity|overflow-wrap|padding(?:-.+)?|quotes|table-layout|text-(?:align|decoration|decoration-.+|indent|overflow|transform)|unicode-bidi|vertical-align|white-space|width|word-(?:break|spacing|wrap))$/;

/** Anything with brackets is refused unless it is one of these: no url(), image-set(), var(), attr(), element(), expression(). */
const FUNCTIONS = /^(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|calc|min|max|clamp)$/;

const FETCHES = /(?:url|image-set|image|src|cross-fade|element|paint)\s*\(/i;

/** Bounds on work done for a stranger. */
const DECLARATION_CHARACTERS_MAX = 500;
const RULES_MAX = 2_000;
const MATCHES_MAX = 20_000;

export function safeDeclarations(style: string): SafeDeclarations {
  let fetches = 0;
  const kept: string[] = [];
  for (const declaration of split(style)) {
    // An escape can spell anything, so none is needed in a letter.
    if (FETCHES.test(declaration) || declaration.includes("\\")) fetches += FETCHES.test(declaration) ? 1 : 0;
    else if (isSafe(declaration)) kept.push(declaration);
  }
  return { declarations: kept.join("; "), fetches };
}

function isSafe(declaration: string): boolean {
  const colon = declaration.indexOf(":");
  if (colon === -1 || declaration.length > DECLARATION_CHARACTERS_MAX) return false;
  const property = declaration.slice(0, colon).trim().toLowerCase();
  const value = declaration.slice(colon + 1);
  if (!PROPERTIES.test(property) || /[<>{}@\\]|\/\*/.test(value)) return false;
  return [...value.matchAll(/([\w-]*)\s*\(/g)].every(([, name]) => FUNCTIONS.test(name!.toLowerCase()));
}

/** At semicolons outside of brackets and quotes. */
function split(style: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let from = 0;
  const text = style.replaceAll(/\/\*[\s\S]*?\*\//g, " ");
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "(") depth++;
    else if (character === ")") depth = Math.max(0, depth - 1);
    else if (character === ";" && depth === 0) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  parts.push(text.slice(from).trim());
  return parts.filter((part) => part !== "");
}

/**
 * Moves the rules of `<style>` elements into the elements they fit, weakest first, an element's own style last. Rules inside
 * `@media`, `@import` and their kin are left out. The document is
 * inert: nothing in it runs or loads.
 */
export function foldStyleSheets(source: string): string {
  const sheets: string[] = [];
  // As text, for even an inert document reports style elements to the page's policy. Whatever this misreads, the sanitiser
  // that follows sees the result.
  const without = source.replaceAll(/<style\b[^>]*>([\s\S]*?)(?:<\/style\s*>|$)/gi, (_whole, css: string) => {
    sheets.push(css);
    return "";
  });
  const rules = sheets.flatMap(plainRules);
  if (rules.length === 0) return without;
  const inert = new DOMParser().parseFromString(without, "text/html");
  const styles = new Map<Element, string[]>();
  let matches = 0;
  for (const { selector, declarations } of rules.slice(0, RULES_MAX).toSorted((a, b) => a.weight - b.weight)) {
    for (const element of select(inert, selector)) {
      if (++matches > MATCHES_MAX) break;
      styles.set(element, [...(styles.get(element) ?? []), declarations]);
    }
  }
  for (const [element, folded] of styles) {
    element.setAttribute("style", [...folded, element.getAttribute("style") ?? ""].join("; "));
  }
  // The body's own style goes on in an element of its own.
  const own = inert.body.getAttribute("style");
  if (own === null) return inert.body.innerHTML;
  const whole = inert.createElement("div");
  whole.setAttribute("style", own);
  whole.append(...inert.body.childNodes);
  return whole.outerHTML;
}

interface Rule {
  readonly selector: string;
  readonly declarations: string;
  readonly weight: number;
}

function plainRules(css: string): Rule[] {
  const rules: Rule[] = [];
  const text = css.replaceAll(/\/\*[\s\S]*?\*\//g, " ").replaceAll(/<!--|-->/g, " ");
  for (const [, prelude, body] of withoutAtRules(text).matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    for (const selector of prelude!.split(",").map((part) => part.trim())) {
      if (selector !== "" && !selector.includes("@"))
        rules.push({ selector, declarations: body!, weight: weigh(selector) });
    }
  }
  return rules;
}

/** Drops `@…;` and `@…{ … }` with everything nested in them. */
function withoutAtRules(css: string): string {
  let kept = "";
  for (let at = 0; at < css.length; at++) {
    if (css[at] !== "@") {
      kept += css[at];
      continue;
    }
    let depth = 0;
    for (; at < css.length; at++) {
      if (css[at] === "{") depth++;
      else if (css[at] === "}" && --depth <= 0) break;
      else if (css[at] === ";" && depth === 0) break;
    }
  }
  return kept;
}

/** Ids before classes before names, near enough for a letter. */
const weigh = (selector: string): number =>
  (selector.match(/#/g)?.length ?? 0) * 10_000 +
  (selector.match(/[.[:]/g)?.length ?? 0) * 100 +
  (selector.match(/(?:^|[\s>+~])[a-z]/gi)?.length ?? 0);

function select(document: Document, selector: string): Element[] {
  try {
    return [...document.querySelectorAll(selector)];
  } catch {
    return []; // a selector only some mail program understands
  }
}
