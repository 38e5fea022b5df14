/** The devices of the account: which there are, letting one in, giving this one a name, putting a lost one out. */

import { Monitor, MonitorSmartphone } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components/Button";
import type { Device, NetworkState } from "#main/contract/contract.ts";
import { AddDevice } from "../components/AddDevice.tsx";
import { deviceName } from "../components/device-name.ts";
import { RemoveDevice, RenameDevice } from "../components/DeviceDialogs.tsx";
import { ErrorNote } from "../components/ErrorNote.tsx";
import { PageHead } from "../components/PageHead.tsx";
import { visible } from "../components/visible-name.ts";
import { Waiting } from "../components/Waiting.tsx";
import { useNow } from "../hooks/use-now.ts";
import { useQuery } from "../hooks/use-query.ts";
import { useFormat, useTexts } from "../hooks/use-texts.ts";

interface Props {
  readonly networkState: NetworkState["state"] | undefined;
  readonly onClose: () => void;
  /** Says what has happened, for a moment. */
  readonly onTell: (text: string) => void;
}

/** While a code is shown: slower than what a provider answers, soon enough for somebody who waits. */
const LOOK_MS = 10_000;

/** Where asking again would have the same answer. */
const NO_LINK: ReadonlySet<Props["networkState"]> = new Set([undefined, "connecting", "provider-down", "removed"]);

type Open = { readonly what: "add" } | { readonly what: "rename" | "remove"; readonly device: Device };

export function DevicesPage({ networkState, onClose, onTell }: Props) {
  const { devices: texts } = useTexts();
  const format = useFormat();
  const [open, setOpen] = useState<Open>();
  const { value, error, again } = useQuery("devices.list", {}, open?.what === "add" ? { everyMs: LOOK_MS } : {});
  const devices = value?.devices;
  const nameOf = useDeviceName();
  // Asked when the list has been: a code that the list shows to be used does not stand any more.
  const offered = useQuery("devices.offered", devices === undefined && error === undefined ? undefined : {});
  const offer = offered.value?.offer;
  // A code that stands is shown to whoever comes here, a window that was reloaded too.
  const [isShown, setShown] = useState(false);
  if (offer !== undefined && !isShown) {
    setShown(true);
    setOpen({ what: "add" });
  }
  // What could not be asked is asked when the provider is there.
  const [state, setState] = useState(networkState);
  if (state !== networkState) {
    setState(networkState);
    if (error !== undefined && !NO_LINK.has(networkState)) again();
  }
  const isRemoved = networkState === "removed";
  function close(): void {
    setOpen(undefined);
    again();
    offered.again();
  }
  return (
    <article className="devices" aria-label={texts.title}>
      <PageHead title={texts.title} onClose={onClose} />
      <p className="lead">{texts.lead}</p>
      {/* What a banner says above this page is not said twice. */}
      {!isRemoved && networkState !== "provider-down" && (
        <ErrorNote code={devices === undefined ? error : undefined} instead={texts.errors} onRetry={again} />
      )}
      {devices === undefined && error !== undefined && networkState === "provider-down" && (
        <p className="hint">{texts.later}</p>
      )}
      {devices === undefined && error === undefined && (
        <Waiting>{networkState === "connecting" ? texts.connecting : texts.loading}</Waiting>
      )}
      {devices !== undefined && (
        <ul className="device-list" aria-label={texts.list}>
          {devices.map((device) => (
            <Row
              key={device.id}
              device={device}
              onRename={() => setOpen({ what: "rename", device })}
              onRemove={() => setOpen({ what: "remove", device })}
            />
          ))}
        </ul>
      )}
      {devices?.length === 1 && <p className="hint">{texts.only}</p>}
      <Button
        className="button primary large"
        isDisabled={devices === undefined || isRemoved}
        onPress={() => setOpen({ what: "add" })}
      >
        <MonitorSmartphone aria-hidden="true" size={16} />
        {offer === undefined ? texts.add : texts.showCode}
      </Button>
      {offer !== undefined && <p className="hint">{texts.offered(format.clock(offer.until))}</p>}
      <p className="hint">{texts.leadHint}</p>
      <AddDevice isOpen={open?.what === "add"} devices={devices} onClose={close} />
      <RenameDevice device={open?.what === "rename" ? open.device : undefined} onClose={close} />
      <RemoveDevice
        device={open?.what === "remove" ? open.device : undefined}
        onClose={close}
        onRemoved={(device) => onTell(texts.removed(nameOf(device)))}
      />
    </article>
  );
}

interface RowProps {
  readonly device: Device;
  readonly onRename: () => void;
  readonly onRemove: () => void;
}

function Row({ device, onRename, onRemove }: RowProps) {
  const { devices: texts } = useTexts();
  const format = useFormat();
  const now = useNow();
  const nameOf = useDeviceName();
  const { since, lastSeen, isThis, isJoining, isUnfinished } = device;
  const facts = [
    ...(since === undefined ? [] : [texts.since(format.day(since, now))]),
    ...(isThis ? [] : [texts.seen(format.day(lastSeen, now))]),
  ];
  const hasName = visible(device.name) !== "";
  return (
    <li className="device">
      <Monitor aria-hidden="true" size={20} />
      <div className="device-text">
        <p className="device-name">
          <bdi>{nameOf(device)}</bdi>
          {isThis && hasName && <span className="device-this">{texts.isThis}</span>}
        </p>
        <p className="hint">
          {isUnfinished
            ? texts.unfinishedHint(format.day(lastSeen, now))
            : isJoining
              ? texts.joiningHint
              : texts.facts(facts)}
        </p>
      </div>
      {isThis ? (
        <Button className="button quiet" onPress={onRename}>
          {texts.rename}
        </Button>
      ) : (
        <Button className="button" aria-label={texts.removeNamed(nameOf(device))} onPress={onRemove}>
          {texts.remove}
        </Button>
      )}
    </li>
  );
}

function useDeviceName(): (device: Device) => string {
  const { devices: texts } = useTexts();
  return (device) => deviceName(device, texts);
}
