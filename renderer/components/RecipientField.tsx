/** The "To" line: chips of readers and a field that suggests people. */

import { useContext, useEffect, useEffectEvent, useRef, useState } from "react";
import { ButtonContext } from "react-aria-components/Button";
import { ComboBox, ComboBoxStateContext } from "react-aria-components/ComboBox";
import { Input } from "react-aria-components/Input";
import { Label } from "react-aria-components/Label";
import { ListBox, ListBoxItem } from "react-aria-components/ListBox";
import { Popover } from "react-aria-components/Popover";
import { Text } from "react-aria-components/Text";
import { useQuery } from "../hooks/use-query.ts";
import type { Readers } from "../hooks/use-recipients.ts";
import { useTexts } from "../hooks/use-texts.ts";
import { RecipientChip } from "./RecipientChip.tsx";
import { nameOf } from "./visible-name.ts";

interface Props {
  readonly readers: Readers;
  readonly onChange: (addresses: readonly string[]) => void;
  /** What stands in the field and is no reader yet: a mail must not leave without who was meant by it. */
  readonly onTyped: (text: string) => void;
  readonly autoFocus: boolean;
}

const SUGGESTIONS_MAX = 6;
const ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+$/;
/** Nobody may be put in the place of one, however alike. */
const WHOLE_ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;"]+$/;

export function RecipientField({ readers, onChange, onTyped, autoFocus }: Props) {
  const { compose } = useTexts();
  const [typed, setTypedHere] = useState("");
  const [problem, setProblem] = useState<string>();
  const box = useRef<HTMLDivElement>(null);
  const addresses = readers.readers.map(({ address }) => address);
  const { value } = useQuery(
    "people.suggest",
    typed.trim().length === 0 ? undefined : { prefix: typed.trim().slice(0, 100), limit: SUGGESTIONS_MAX },
  );
  const people = (value?.people ?? []).filter(({ address }) => !addresses.includes(address));

  /** The one person whom what is typed is the beginning of, or a part: Enter means that one. */
  function onlyOne(): string | undefined {
    const text = typed.trim().toLowerCase();
    const fits = people.filter(({ name, address }) => `${name} ${address}`.toLowerCase().includes(text));
    return fits.length === 1 && !WHOLE_ADDRESS.test(text) ? fits[0]?.address : undefined;
  }

  function setTyped(text: string): void {
    setTypedHere(text);
    onTyped(text.trim());
  }

  /** Takes whole addresses out of what was typed or pasted; what is none stays as it is, with a word about it. */
  function add(text: string): void {
    const parts = text.split(/[,;]/).filter((part) => part.trim() !== "");
    const fits = parts.flatMap(addressesIn);
    const rest = parts.filter((part) => addressesIn(part).length === 0).map((part) => part.trim());
    if (fits.length > 0) onChange([...new Set([...addresses, ...fits])]);
    setTyped(rest.join(", "));
    setProblem(rest.length > 0 ? compose.notAnAddress(rest.join(", ")) : undefined);
  }

  return (
    <div className="recipients" ref={box}>
      <ComboBox
        className="recipients-box"
        items={people}
        inputValue={typed}
        onInputChange={(text) => {
          // What is wrong stays said until something else stands there.
          if (text.trim() !== typed.trim()) setProblem(undefined);
          // A space ends an address; a name goes on after it.
          if (/[,;]\s*$/.test(text) || (/\s$/.test(text) && addressesIn(text).length > 0)) add(text);
          else setTyped(text);
        }}
        value={null}
        onChange={(key) => {
          if (key === null) return;
          add(String(key));
        }}
        allowsCustomValue
        allowsEmptyCollection={false}
        menuTrigger="input"
        isInvalid={problem !== undefined}
      >
        <Label>{compose.to}</Label>
        <OpenWhenFound people={people.map(({ address }) => address).join(" ")} />
        <div className="recipients-line">
          {/* The buttons of the chips are their own, not the one that opens the combo box's list. */}
          <ButtonContext value={{}}>
            {readers.readers.map((reader) => (
              <RecipientChip
                key={reader.address}
                reader={reader}
                onRemove={() => {
                  onChange(addresses.filter((address) => address !== reader.address));
                  box.current?.querySelector("input")?.focus();
                }}
                onAsk={() => readers.ask(reader.address)}
                onAccept={() => void readers.accept(reader.address).catch(() => readers.ask(reader.address))}
              />
            ))}
          </ButtonContext>
          <Input
            autoFocus={autoFocus}
            placeholder={addresses.length === 0 ? compose.toHint : ""}
            autoComplete="off"
            spellCheck={false}
            dir="auto"
            onBlur={() => typed.trim() !== "" && add(typed)}
            onKeyDown={(event) => {
              if (event.key === "Backspace" && typed === "") {
                const chips = box.current?.querySelectorAll<HTMLElement>(".chip-body");
                chips?.[chips.length - 1]?.focus();
              }
              // With a suggestion in hand, Enter takes that.
              const hasChoice = event.currentTarget.hasAttribute("aria-activedescendant");
              if (event.key === "Enter" && typed.trim() !== "" && (!hasChoice || ADDRESS.test(typed.trim())))
                add(onlyOne() ?? typed);
            }}
          />
        </div>
        {problem !== undefined && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <Popover className="popover list-popover" offset={4}>
          <ListBox className="options">
            {(person: { name: string; address: string }) => (
              <ListBoxItem id={person.address} textValue={person.address} className="option">
                <Text slot="label">{nameOf(person)}</Text>
                <Text slot="description" dir="ltr">
                  {person.address}
                </Text>
              </ListBoxItem>
            )}
          </ListBox>
        </Popover>
      </ComboBox>
    </div>
  );
}

/** The list opens at a letter if it has somebody by then; what is pasted, or typed at once, has nobody yet. */
function OpenWhenFound({ people }: { readonly people: string }) {
  const state = useContext(ComboBoxStateContext);
  const open = useEffectEvent(() => {
    if (state?.isFocused === true && !state.isOpen) state.open(null, "input");
  });
  useEffect(() => {
    if (people !== "") open();
  }, [people]);
  return null;
}

/**
 * `Bob <bob@b.example>`, or addresses with spaces between them, in small letters. None where anything else is with them: of
 * "bob smith@b.example", the second word alone is somebody else.
 */
function addressesIn(part: string): string[] {
  const words = part
    .replace(/^.*<(.*)>\s*$/, "$1")
    .trim()
    .split(/\s+/);
  return words.every((word) => ADDRESS.test(word)) ? words.map((word) => word.toLowerCase()) : [];
}
