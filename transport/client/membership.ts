/** What makes a client one of an account: its keys, its record, its devices, put together. Spec: docs/spec/07-mailbox.md §2 */

import type { Geometry } from "../sphinx/geometry.ts";
import { Account } from "./account.ts";
import type { ConsensusKeeper } from "./consensus-keeper.ts";
import type { ControlChannel } from "./control-channel.ts";
import { Devices, type DevicesDeps } from "./devices.ts";
import { MailboxKeys } from "./mailbox-keys.ts";
import type { TransportClientOptions } from "./types.ts";

export interface Membership {
  readonly mailboxKeys: MailboxKeys;
  readonly account: Account;
  readonly devices: Devices;
}

export function membership(
  { clock, suite, streams, network, store }: TransportClientOptions,
  o: { geometry: Geometry; keeper: ConsensusKeeper; control: ControlChannel },
): Membership {
  const { geometry, keeper, control } = o;
  const { parameters } = network;
  const { keys, polling: schedule } = streams;
  const isClockGood = (): boolean => keeper.current() !== undefined;
  const mailboxKeys = new MailboxKeys({ clock, suite, geometry, parameters, store, random: keys, isClockGood });
  const account = new Account({ clock, schedule, keys, suite, parameters, store, control, mailboxKeys });
  const problem = (): ReturnType<DevicesDeps["problem"]> => keeper.problem;
  const devices = new Devices({ clock, suite, parameters, keys, control, account, mailboxKeys, store, problem });
  return { mailboxKeys, account, devices };
}
