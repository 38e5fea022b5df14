/** The devices of the fake program's account, and the code that one more of them joins with. */

import type { Device, Handlers, Offer } from "#main/contract/contract.ts";
import { DEVICE_CODE, INVITE_OF_PROVIDER } from "./fake-data.ts";

type DeviceHandlers = Pick<
  Handlers,
  "devices.list" | "devices.offer" | "devices.offered" | "devices.withdraw" | "devices.rename" | "devices.remove"
>;

export interface FakeDevices {
  readonly handlers: DeviceHandlers;
  /** A device has joined the account, or has used the code. */
  add(device: Device): void;
}

/** `offer`: a code that a window before this one has asked for. */
export function fakeDevices(o: {
  readonly now: () => number;
  readonly devices?: readonly Device[] | undefined;
  readonly offer?: Offer | undefined;
}): FakeDevices {
  const { now } = o;
  let devices: readonly Device[] = o.devices ?? sampleDevices(now());
  let offer = o.offer;
  const list = () => ({ devices: [...devices] });

  return {
    handlers: {
      "devices.list": async () => list(),
      "devices.offer": async () => {
        offer ??= { code: DEVICE_CODE, line: INVITE_OF_PROVIDER, until: now() + OFFER_TIME };
        if (now() >= offer.until) offer = { ...offer, until: now() + OFFER_TIME };
        return offer;
      },
      "devices.offered": async () => (offer === undefined || now() >= offer.until ? {} : { offer }),
      "devices.withdraw": async () => {
        offer = undefined;
        return {};
      },
      "devices.rename": async ({ id, name }) => {
        devices = devices.map((device) => (device.id === id ? { ...device, name } : device));
        return list();
      },
      "devices.remove": async ({ id }) => {
        devices = devices.filter((device) => device.id !== id);
        return list();
      },
    },
    add(device) {
      devices = [...devices.filter(({ id }) => id !== device.id), device];
      if (!device.isJoining && !device.isUnfinished) offer = undefined;
    },
  };
}

const DAY = 86_400_000;
const OFFER_TIME = 15 * 60_000;

function sampleDevices(now: number): Device[] {
  const done = { isJoining: false, isUnfinished: false };
  return [
    { ...done, id: "1".repeat(64), name: "Laptop", since: now - 200 * DAY, lastSeen: now, isThis: true },
    { ...done, id: "2".repeat(64), name: "Office", since: now - 12 * DAY, lastSeen: now - DAY, isThis: false },
  ];
}
