/** The sentences and formats of the chosen language. */

import { createContext, useContext } from "react";
import { en, type Texts } from "../text/en.ts";
import { createFormat, type Format } from "../text/format.ts";

export interface Language {
  readonly texts: Texts;
  readonly format: Format;
}

export const language = (texts: Texts): Language => ({ texts, format: createFormat(texts) });

export const LanguageContext = createContext<Language>(language(en));

export const useTexts = (): Texts => useContext(LanguageContext).texts;
export const useFormat = (): Format => useContext(LanguageContext).format;
