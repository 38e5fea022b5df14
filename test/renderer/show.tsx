/** Shows the window over a fake program, as `mount` does in the page. */

import { fireEvent, render, screen } from "@testing-library/react";
import { I18nProvider } from "react-aria-components/I18nProvider";
import { ProgramContext } from "#renderer/api/program.ts";
import { LanguageContext, language } from "#renderer/hooks/use-texts.ts";
import { App } from "#renderer/screens/App.tsx";
import { en } from "#renderer/text/en.ts";
import { type FakeOptions, type FakeProgram, fakeProgram } from "./fake-program.ts";

export function show(options: FakeOptions = {}): FakeProgram {
  const program = fakeProgram(options);
  render(
    <I18nProvider locale={en.locale}>
      <LanguageContext value={language(en)}>
        <ProgramContext value={program}>
          <App />
        </ProgramContext>
      </LanguageContext>
    </I18nProvider>,
  );
  return program;
}

/** Types into a labelled field, as a person would. */
export function type(label: string | RegExp, value: string): void {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

export async function press(name: string | RegExp): Promise<void> {
  fireEvent.click(await screen.findByRole("button", { name }));
}

/** A conversation of the list, by what its row says. */
export async function open(name: RegExp): Promise<void> {
  fireEvent.click(await screen.findByRole("option", { name }));
}
