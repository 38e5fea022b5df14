/** The devices of the account, for the window: who they are, letting one in, putting one out. Spec: docs/spec/10-contract.md §3 */

import {
  type Clock,
  decodeInvite,
  type Device as TransportDevice,
  DEVICE_NAME_BYTES_MAX,
  DEVICE_OFFER_MINUTES,
  encodeInvite,
  equalBytes,
  fromHex,
  milliseconds,
  toHex,
  TransportError,
  utf8,
  wipe,
} from "#transport";
import type { Device, Handlers, Method } from "../contract/contract.ts";
import { MainError } from "../error.ts";
import { encodePayload } from "./device-payload.ts";
import { rejoin } from "./joining.ts";
import type { Session } from "./session.ts";

type DeviceMethods = Extract<Method, `devices.${string}`>;

export function createDeviceHandlers(d: { open: () => Session; clock: Clock }): Pick<Handlers, DeviceMethods> {
  const list = async () => ({ devices: await listed(d.open(), d.clock) });
  return {
    "devices.list": list,
    "devices.offer": async () => {
      const session = d.open();
      if (session.offer.now !== undefined) return session.offer.now;
      // The provider counts in whole minutes.
      const until = (Math.floor(d.clock.now() / MINUTE) + DEVICE_OFFER_MINUTES) * MINUTE;
      const line = encodeInvite({ ...decodeInvite(session.account.invite), code: "" });
      const made = { code: await offer(session), line, until };
      session.offer.keep(made);
      return made;
    },
    "devices.offered": async () => {
      const standing = d.open().offer.now;
      return standing === undefined ? {} : { offer: standing };
    },
    "devices.withdraw": async () => {
      const session = d.open();
      await session.client.withdrawOffer().catch((error: unknown) => sayUsed(session, error));
      session.offer.forget();
      return {};
    },
    "devices.rejoin": async ({ code }: { code: string }) => {
      const session = d.open();
      if (session.client.status().state !== "removed") throw new MainError("BAD_INPUT");
      await rejoin(session, { code, deviceKey: ownKey(session), now: d.clock.now() });
      return {};
    },
    "devices.rename": async ({ id, name }: { id: string; name: string }) => {
      const session = d.open();
      const device = await found(session, id);
      const since = device.since ?? milliseconds(0);
      await session.client.nameDevice({ deviceKey: device.deviceKey, name: fittingName(name), since });
      return list();
    },
    "devices.remove": async ({ id }: { id: string }) => {
      const session = d.open();
      // Another device says which one is lost: this one could not go on, nor tell its owner so.
      if (equalBytes(fromHex(id), ownKey(session))) throw new MainError("BAD_INPUT");
      const { deviceKey } = await found(session, id);
      await session.client.removeDevice({ deviceKey });
      // The provider has taken it back: what it hands over names the keys of before.
      session.offer.forget();
      return list();
    },
  };
}

/** All that a provider refuses to take back is what somebody has used. */
function sayUsed(session: Session, error: unknown): never {
  if (!(error instanceof TransportError && error.code === "REFUSED")) throw error;
  session.offer.forget();
  throw new MainError("CODE_USED", { cause: error });
}

/** What a label has room for. */
export function fittingName(name: string): string {
  const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(name.trim());
  const characters = Array.from(segments, ({ segment }) => segment);
  while (utf8(characters.join("")).length > DEVICE_NAME_BYTES_MAX) characters.pop();
  return characters.join("");
}

async function offer({ account, client, store }: Session): Promise<string> {
  const privateKey = await store.ownKey();
  const extra = encodePayload({ name: account.name, privateKey, people: await store.knownPeople() });
  wipe(privateKey);
  try {
    return await client.offerDevice({ extra });
  } finally {
    wipe(extra);
  }
}

async function found(session: Session, id: string): Promise<TransportDevice> {
  const device = (await session.client.devices()).find(({ deviceKey }) => toHex(deviceKey) === id);
  if (device === undefined) throw new MainError("NOT_FOUND");
  return device;
}

/** This one first, then the others by the time since when they are there. */
async function listed(session: Session, clock: Clock): Promise<Device[]> {
  const devices = await session.client.devices();
  const own = ownKey(session);
  const today = Math.floor(clock.now() / DAY);
  const shown = devices.map((device) => {
    // No day is still to come; one far enough away could not even be written.
    const lastDay = Math.min(device.lastDay, today);
    return toContract({ ...device, lastDay }, equalBytes(device.deviceKey, own));
  });
  const mine = shown.find(({ isThis }) => isThis);
  const isLabelled = devices.some(({ deviceKey, name }) => name !== undefined && equalBytes(deviceKey, own));
  const { device: label } = session.account;
  if (mine !== undefined && label !== undefined && !isLabelled) {
    // It was not told yet, or that was lost. Should it fail again, the next look does it.
    const since = milliseconds(label.since);
    await session.client.nameDevice({ deviceKey: own, name: label.name, since }).catch(() => undefined);
    Object.assign(mine, label);
  }
  session.offer.listed(shown);
  return shown.toSorted((a, b) => Number(b.isThis) - Number(a.isThis) || (a.since ?? 0) - (b.since ?? 0));
}

function toContract(device: TransportDevice, isThis: boolean): Device {
  const { deviceKey, name, since, lastDay, isJoining, isUnfinished } = device;
  return {
    id: toHex(deviceKey),
    name: name ?? "",
    ...(since === undefined || since === 0 ? {} : { since }),
    // Only the day is known: its noon is on that day wherever the reader lives.
    lastSeen: lastDay * DAY + DAY / 2,
    isThis,
    isJoining,
    isUnfinished,
  };
}

const ownKey = ({ suite, account }: Session): Uint8Array => suite.ed25519.publicKey(account.deviceSeed);

const MINUTE = 60_000;
const DAY = 86_400_000;
