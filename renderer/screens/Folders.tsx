/** The left pane: writing, folders, and at its foot the network's state in one line. */

import { FilePen, Inbox, Lock, MonitorSmartphone, PenLine, Search, Send, Waypoints } from "lucide-react";
import { type ReactNode, useContext } from "react";
import { Button } from "react-aria-components/Button";
import type { AppState, NetworkState } from "#main/contract/contract.ts";
import { EndedContext } from "../components/ErrorNote.tsx";
import { IconButton } from "../components/IconButton.tsx";
import { isLossy } from "../components/lossy.ts";
import { useQuery } from "../hooks/use-query.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";

export type Place = "inbox" | "sent" | "drafts" | "network" | "devices";

interface Props {
  readonly me: AppState;
  readonly place: Place;
  readonly network: NetworkState | undefined;
  readonly onGo: (place: Place) => void;
  readonly onWrite: () => void;
  readonly onFind: () => void;
  readonly onLock: () => void;
}

const ICON = { inbox: Inbox, sent: Send, drafts: FilePen, network: Waypoints, devices: MonitorSmartphone } as const;
const ICON_SIZE = 16;

export function Folders({ me, place, network, onGo, onWrite, onFind, onLock }: Props) {
  const { app, folders } = useTexts();
  const { value } = useQuery("mail.list", { folder: "inbox", limit: 1 }, { on: ["mail.changed"] });
  const unread = value?.unread ?? 0;
  return (
    <nav className="folders" aria-label={folders.label} data-pane="folders">
      <header className="folders-head">
        <span className="wordmark">{app.name}</span>
        <IconButton label={folders.find} onPress={onFind}>
          <Search aria-hidden="true" size={ICON_SIZE} />
        </IconButton>
        <IconButton label={folders.lock} onPress={onLock}>
          <Lock aria-hidden="true" size={ICON_SIZE} />
        </IconButton>
      </header>
      <Button className="button primary write" onPress={onWrite}>
        <PenLine aria-hidden="true" size={ICON_SIZE} />
        {folders.write}
      </Button>
      <ul>
        {(["inbox", "sent", "drafts", "network", "devices"] as const).map((to) => {
          const Icon = ICON[to];
          return (
            <Item key={to} isHere={place === to} onGo={() => onGo(to)} count={to === "inbox" ? unread : 0}>
              <Icon aria-hidden="true" size={ICON_SIZE} />
              <span>{folders[to]}</span>
            </Item>
          );
        })}
      </ul>
      <footer className="folders-foot">
        <p className="me" title={me.address}>
          {me.address}
        </p>
        <Status network={network} />
      </footer>
    </nav>
  );
}

interface ItemProps {
  readonly isHere: boolean;
  readonly count: number;
  readonly onGo: () => void;
  readonly children: ReactNode;
}

function Item({ isHere, count, onGo, children }: ItemProps) {
  const { folders } = useTexts();
  return (
    <li>
      <Button className="folder" aria-current={isHere ? "page" : "false"} onPress={onGo}>
        {children}
        {count > 0 && (
          <span className="count">
            <span aria-hidden="true">{count}</span>
            <span className="unseen">{folders.unread(count)}</span>
          </span>
        )}
      </Button>
    </li>
  );
}

function Status({ network }: { readonly network: NetworkState | undefined }) {
  const { status } = useTexts();
  const format = useFormat();
  const isEnded = useContext(EndedContext);
  const perMinute = network?.profiles.find(({ name }) => name === network.profile)?.packetsPerMinute ?? 0;
  const data = format.bytes((network?.sentToday.bytes ?? 0) + (network?.receivedToday.bytes ?? 0));
  const known = network?.state ?? "connecting";
  const state = isEnded ? "ended" : known === "mixing" && network !== undefined && isLossy(network) ? "lossy" : known;
  return (
    <p className="status" data-state={state} aria-label={status.label}>
      {state === "mixing" ? status.mixing(format.number(perMinute), data) : status[state]}
    </p>
  );
}
