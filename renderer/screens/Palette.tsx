/** Ctrl+K: people to write to, mail, and everything the window can do, by typing. */

import { useState } from "react";
import { Autocomplete } from "react-aria-components/Autocomplete";
import { Dialog } from "react-aria-components/Dialog";
import { Header } from "react-aria-components/Header";
import { Input } from "react-aria-components/Input";
import { Menu, MenuItem, MenuSection } from "react-aria-components/Menu";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { SearchField } from "react-aria-components/SearchField";
import { Text } from "react-aria-components/Text";
import { nameOf, visible } from "../components/visible-name.ts";
import type { DraftStart } from "../hooks/use-draft.ts";
import { useQuery } from "../hooks/use-query.ts";
import { useTexts } from "../hooks/use-texts.ts";
import type { Place } from "./Folders.tsx";

interface Props {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onGo: (place: Place) => void;
  readonly onOpen: (conversationId: string) => void;
  readonly onWrite: (start?: DraftStart) => void;
  readonly onLock: () => void;
  readonly onImport: () => void;
}

export function Palette(props: Props) {
  const { isOpen, onClose } = props;
  const { palette } = useTexts();
  return (
    <ModalOverlay
      className="overlay palette-overlay"
      isOpen={isOpen}
      isDismissable
      onOpenChange={(open) => !open && onClose()}
    >
      <Modal className="modal palette">
        <Dialog className="palette-dialog" aria-label={palette.label}>
          {isOpen && <Finder {...props} />}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

const PEOPLE_MAX = 5;
const MAIL_MAX = 8;

function Finder({ onClose, onGo, onOpen, onWrite, onLock, onImport }: Props) {
  const { palette, list } = useTexts();
  const [typed, setTyped] = useState("");
  const query = typed.trim().slice(0, 100);
  const people = useQuery("people.suggest", { prefix: query, limit: PEOPLE_MAX }).value?.people ?? [];
  const mail =
    useQuery("mail.search", query === "" ? undefined : { query, limit: MAIL_MAX }).value?.conversations ?? [];

  const commands = [
    { id: "write", name: palette.write, run: () => onWrite() },
    { id: "inbox", name: palette.inbox, run: () => onGo("inbox") },
    { id: "sent", name: palette.sent, run: () => onGo("sent") },
    { id: "drafts", name: palette.drafts, run: () => onGo("drafts") },
    { id: "network", name: palette.network, run: () => onGo("network") },
    { id: "devices", name: palette.devices, run: () => onGo("devices") },
    { id: "import", name: palette.importMail, run: onImport },
    { id: "lock", name: palette.lock, run: onLock },
  ].filter(({ name }) => name.toLowerCase().includes(query.toLowerCase()));

  function act(run: () => void): () => void {
    return () => {
      onClose();
      run();
    };
  }

  return (
    <Autocomplete inputValue={typed} onInputChange={setTyped}>
      <SearchField className="palette-field" aria-label={palette.label} autoFocus>
        <Input placeholder={palette.hint} />
      </SearchField>
      <Menu
        className="options"
        aria-label={palette.label}
        renderEmptyState={() => <p className="empty">{palette.nothing}</p>}
      >
        {commands.length > 0 && (
          <MenuSection>
            <Header>{palette.commands}</Header>
            {commands.map(({ id, name, run }) => (
              <MenuItem key={id} id={`command ${id}`} className="option" textValue={name} onAction={act(run)}>
                <Text slot="label">{name}</Text>
              </MenuItem>
            ))}
          </MenuSection>
        )}
        {people.length > 0 && (
          <MenuSection>
            <Header>{palette.people}</Header>
            {people.map((person) => (
              <MenuItem
                key={person.address}
                id={`person ${person.address}`}
                className="option"
                textValue={person.address}
                onAction={act(() => onWrite({ to: [person.address] }))}
              >
                <Text slot="label">{nameOf(person)}</Text>
                <Text slot="description" dir="ltr">
                  {person.address}
                </Text>
              </MenuItem>
            ))}
          </MenuSection>
        )}
        {mail.length > 0 && (
          <MenuSection>
            <Header>{palette.mail}</Header>
            {mail.map(({ id, subject, people: those }) => (
              <MenuItem
                key={id}
                id={`mail ${id}`}
                className="option"
                textValue={subject}
                onAction={act(() => onOpen(id))}
              >
                <Text slot="label">{visible(subject) || list.noSubject}</Text>
                <Text slot="description">{list.people(those.map(nameOf))}</Text>
              </MenuItem>
            ))}
          </MenuSection>
        )}
      </Menu>
    </Autocomplete>
  );
}
