/** The three panes: folders and the network's state, conversations, and the one being read, with the composer over it. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { AppState, Draft } from "#main/contract/contract.ts";
import { useProgram } from "../api/program.ts";
import { ErrorNote } from "../components/ErrorNote.tsx";
import { Removed } from "../components/Removed.tsx";
import type { DraftStart } from "../hooks/use-draft.ts";
import { useAction } from "../hooks/use-action.ts";
import { usePanes } from "../hooks/use-panes.ts";
import { useQuery } from "../hooks/use-query.ts";
import { useTexts } from "../hooks/use-texts.ts";
import { Compose, type Sent } from "./Compose.tsx";
import { ConversationPane } from "./ConversationPane.tsx";
import { DraftPane } from "./DraftPane.tsx";
import { DevicesPage } from "./DevicesPage.tsx";
import { Folders, type Place } from "./Folders.tsx";
import { NetworkPage } from "./NetworkPage.tsx";
import { Palette } from "./Palette.tsx";
import { Thread } from "./Thread.tsx";
import { Toast, type ToastContent } from "../components/Toast.tsx";

interface Props {
  readonly me: AppState;
  readonly onLocked: () => void;
}

/** As long as undo is offered. */
const UNDO_MS = 8_000;

interface Writing {
  /** A new composer for each draft that is opened. */
  readonly key: number;
  readonly start: DraftStart;
}

export function Mail({ me, onLocked }: Props) {
  const texts = useTexts();
  const { client } = useProgram().connection;
  const [place, setPlace] = useState<Place>("inbox");
  const [reading, setReading] = useState<string>();
  const [writing, setWriting] = useState<Writing>();
  const [palette, setPalette] = useState(false);
  const [toast, setToast] = useState<ToastContent>();
  const write = useCallback(
    (start: DraftStart = {}) => setWriting((before) => ({ key: (before?.key ?? 0) + 1, start })),
    [],
  );
  const discards = useDiscards();
  const network = useQuery(
    "network.state",
    {},
    { on: ["network.changed"], everyMs: place === "network" ? 1_000 : 20_000 },
  );
  const lock = useAction(async () => {
    await client["app.lock"]({});
    onLocked();
  });
  const importMail = useImport(write);
  usePanes();

  // Somebody is about to type a code that this window showed before it was reloaded.
  useEffect(() => {
    void client["devices.offered"]({}).then(
      ({ offer }) => offer !== undefined && setPlace("devices"),
      () => undefined,
    );
  }, [client]);

  const go = useCallback((to: Place) => {
    setPlace(to);
    setReading(undefined);
  }, []);
  const open = useCallback((conversationId: string) => {
    setPlace((at) => (at === "sent" ? "sent" : "inbox"));
    setReading(conversationId);
    setWriting(undefined);
  }, []);

  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      setPalette(true);
    };
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, []);

  function sent({ expected, conversationId }: Sent): void {
    setWriting(undefined);
    setPlace("sent");
    setReading(conversationId);
    const { sent: leaves, sentLater } = texts.compose;
    setToast(expected === undefined ? { text: sentLater } : { text: leaves(expected), flies: true });
  }

  function discard(draft: DraftStart): void {
    setWriting(undefined);
    if (draft.id === undefined) return;
    discards.discard(draft.id);
    setToast({
      text: texts.compose.discarded,
      action: texts.compose.undo,
      onAction: () => {
        discards.keep(draft.id!);
        write(draft);
      },
    });
  }

  return (
    <>
      {network.value?.state === "removed" && <Removed onJoined={() => setToast({ text: texts.removed.done })} />}
      <div className="mail" data-reading={reading !== undefined || writing !== undefined || isPage(place)}>
        <Folders
          me={me}
          place={place}
          network={network.value}
          onGo={go}
          onWrite={() => write()}
          onFind={() => setPalette(true)}
          onLock={() => lock.run()}
        />
        <main className="panes">
          {place === "drafts" ? (
            <DraftPane hidden={discards.hidden} onOpen={(draft) => write(draft)} onWrite={() => write()} />
          ) : (
            <ConversationPane
              folder={place === "sent" ? "sent" : "inbox"}
              selected={reading}
              onOpen={open}
              onWrite={() => write()}
            />
          )}
          <div className="reading" data-pane="reading">
            {(lock.error ?? importMail.error) !== undefined && (
              <div className="banner">
                <ErrorNote code={lock.error ?? importMail.error} onDismiss={() => (lock.clear(), importMail.clear())} />
              </div>
            )}
            <NetworkBanner state={network.value?.state} />
            <div className="desk">
              {place === "network" ? (
                <NetworkPage query={network} onClose={() => go("inbox")} />
              ) : place === "devices" ? (
                <DevicesPage
                  networkState={network.value?.state}
                  onClose={() => go("inbox")}
                  onTell={(text) => setToast({ text })}
                />
              ) : reading === undefined ? (
                <NothingOpen />
              ) : (
                <Thread
                  key={reading}
                  conversationId={reading}
                  me={me.address ?? ""}
                  onReply={write}
                  onClose={() => setReading(undefined)}
                />
              )}
              {writing !== undefined && (
                <Compose
                  key={writing.key}
                  start={writing.start}
                  networkState={network.value?.state}
                  onClose={() => setWriting(undefined)}
                  onSent={sent}
                  onDiscard={discard}
                />
              )}
            </div>
          </div>
        </main>
        <Palette
          isOpen={palette}
          onClose={() => setPalette(false)}
          onGo={go}
          onOpen={open}
          onWrite={write}
          onLock={() => lock.run()}
          onImport={importMail.choose}
        />
        {importMail.input}
        <Toast content={toast} milliseconds={UNDO_MS} onGone={() => setToast(undefined)} />
      </div>
    </>
  );
}

/** Takes the place of a conversation. */
const isPage = (place: Place): boolean => place === "network" || place === "devices";

/** What keeps mail from leaving, above whatever is shown. */
function NetworkBanner({ state }: { readonly state: string | undefined }) {
  const { network } = useTexts();
  const code = (
    {
      "provider-down": "PROVIDER_DOWN",
      "too-small": "NETWORK_TOO_SMALL",
      stale: "CONSENSUS_STALE",
      "clock-wrong": "CLOCK_WRONG",
      "too-old": "PROGRAM_TOO_OLD",
      untrusted: "CONSENSUS_FORGED",
    } as const
  )[state ?? ""];
  const text = {
    "provider-losing": network.losing,
    "line-unsteady": network.unsteady,
    "clock-off": network.clockOff,
  }[state ?? ""];
  if (code === undefined && text === undefined) return null;
  return <div className="banner">{text === undefined ? <ErrorNote code={code} /> : <ErrorNote text={text} />}</div>;
}

function NothingOpen() {
  const { thread } = useTexts();
  return (
    <div className="nothing">
      <p>{thread.none}</p>
      <p className="hint">{thread.noneKeys}</p>
    </div>
  );
}

/** Thrown away is hidden at once, and gone when undo is no longer offered (or the window closes). */
function useDiscards() {
  const { client } = useProgram().connection;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());

  const finish = useCallback(
    (draftId: string) => {
      clearTimeout(timers.current.get(draftId));
      timers.current.delete(draftId);
      void client["draft.discard"]({ draftId }).catch(() => {});
    },
    [client],
  );
  useEffect(() => {
    const pending = timers.current;
    return () => {
      for (const draftId of pending.keys()) finish(draftId);
    };
  }, [finish]);

  return {
    hidden,
    discard(draftId: string): void {
      setHidden((before) => new Set(before).add(draftId));
      timers.current.set(
        draftId,
        setTimeout(() => finish(draftId), UNDO_MS),
      );
    },
    keep(draftId: string): void {
      clearTimeout(timers.current.get(draftId));
      timers.current.delete(draftId);
      setHidden((before) => new Set([...before].filter((id) => id !== draftId)));
    },
  };
}

/** Opens a mail file as a draft. */
function useImport(onDraft: (draft: Draft) => void) {
  const texts = useTexts();
  const { files } = useProgram();
  const input = useRef<HTMLInputElement>(null);
  const load = useAction(async (file: File) => onDraft(await files.importMail(file)));
  return {
    error: load.error,
    clear: load.clear,
    choose: () => input.current?.click(),
    input: (
      <input
        ref={input}
        type="file"
        accept=".eml,message/rfc822"
        hidden
        aria-label={texts.compose.importMail}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file !== undefined) load.run(file);
        }}
      />
    ),
  };
}
