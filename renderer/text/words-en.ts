/** How English counts and begins a sentence. */

const plural = new Intl.PluralRules("en");
export const count = (n: number, one: string, other: string): string =>
  `${n.toLocaleString("en")} ${plural.select(n) === "one" ? one : other}`;

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
