/** Puts the window's screens into an element, in one language. */

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { I18nProvider } from "react-aria-components/I18nProvider";
import { type Program, ProgramContext } from "./api/program.ts";
import { LanguageContext, language } from "./hooks/use-texts.ts";
import { App, Gone } from "./screens/App.tsx";
import { en, type Texts } from "./text/en.ts";

/** `program` undefined: nothing let this window in. */
export function mount(element: Element, program: Program | undefined, texts: Texts = en): void {
  createRoot(element).render(
    <StrictMode>
      <I18nProvider locale={texts.locale}>
        <LanguageContext value={language(texts)}>
          {program === undefined ? (
            <Gone ending="not-let-in" />
          ) : (
            <ProgramContext value={program}>
              <App />
            </ProgramContext>
          )}
        </LanguageContext>
      </I18nProvider>
    </StrictMode>,
  );
}
