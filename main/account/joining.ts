/** Makes a new store that of one more device of an account that exists. Spec: docs/spec/07-mailbox.md §2.4-2.6 */

import { type Invite, type Network, TransportError, wipe } from "#transport";
import { MainError, toMainError } from "../error.ts";
import type { Store } from "../store/store.ts";
import { decodePayload } from "./device-payload.ts";
import { clientFor, type Session, type SessionDependencies } from "./session.ts";

export interface JoinOptions {
  readonly store: Store;
  readonly invite: Invite;
  readonly inviteText: string;
  readonly network: Network;
  readonly code: string;
  readonly deviceName: string;
  /** Kept by the caller: with the same one a join whose answer was lost can be repeated while the code holds. */
  readonly deviceSeed: Uint8Array;
}

/**
 * The account is in the store when it resolves. Throws BAD_DEVICE_CODE, ACCOUNT_DIFFERS, TOO_MANY_DEVICES, PROVIDER_DOWN,
 * CLOCK_WRONG, DEVICE_NEWER, DEVICE_OLDER, PROGRAM_TOO_OLD.
 */
export async function joinWithCode(d: SessionDependencies, o: JoinOptions): Promise<void> {
  const { store, invite, network, deviceName } = o;
  const deviceSeed = o.deviceSeed.slice();
  const suite = await d.transport.suite(network.parameters.suite);
  const client = clientFor(d, { invite, network, suite, store, deviceSeed });
  const deviceKey = suite.ed25519.publicKey(deviceSeed);
  try {
    await client.start();
    await client.joinDevice({
      code: o.code,
      deviceKey,
      name: deviceName,
      async keep({ account, extra }) {
        const { name, privateKey, people } = decodePayload(extra);
        const since = Math.floor(d.clock.now());
        for (const person of people) await store.saveContact({ ...person, checkedAt: 0, exists: true }, since);
        await store.saveMainAccount({
          address: account.address,
          name,
          invite: o.inviteText,
          network: network.bytes,
          deviceSeed,
          privateKey,
          certificate: (await store.account())?.certificate ?? new Uint8Array(0),
          signedUp: true,
          device: { name: deviceName, since },
        });
        wipe(privateKey);
      },
    });
  } catch (error) {
    throw meaningOf(error);
  } finally {
    await client.stop();
    wipe(deviceSeed);
  }
}

/**
 * The device of an open account that its provider knows no more becomes one of it again. What is here stays, and who is known
 * here is known best here. Throws as `joinWithCode`; nothing was changed then.
 */
export async function rejoin(
  { account, client, store }: Pick<Session, "account" | "client" | "store">,
  o: { code: string; deviceKey: Uint8Array; now: number },
): Promise<void> {
  const { code, deviceKey, now } = o;
  try {
    await client.joinDevice({
      code,
      deviceKey,
      name: account.device?.name ?? "",
      async keep({ extra }) {
        const { privateKey, people } = decodePayload(extra);
        for (const person of people) {
          if ((await store.contact(person.address)) !== undefined) continue;
          await store.saveContact({ ...person, checkedAt: 0, exists: true }, now);
        }
        // Prolonged meanwhile, both halves are others.
        const certificate = (await store.account())?.certificate ?? account.certificate;
        await store.changeMainAccount({ privateKey, certificate });
        wipe(privateKey);
      },
    });
  } catch (error) {
    throw meaningOf(error);
  }
}

/** At this point a refusal is one of the code, and what cannot be opened was not left by the other device. */
function meaningOf(error: unknown): MainError {
  const code = error instanceof TransportError ? error.code : undefined;
  if (code === "REFUSED" || code === "MALFORMED") return new MainError("BAD_DEVICE_CODE", { cause: error });
  if (code === "SEAL_FAILED") return new MainError("ACCOUNT_DIFFERS", { cause: error });
  return toMainError(error);
}
