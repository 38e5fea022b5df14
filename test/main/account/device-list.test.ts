/** What a provider that lies says of an account's devices, as the window is told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createDeviceHandlers } from "#main/account/devices.ts";
import { StandingOffer } from "#main/account/standing-offer.ts";
import type { Session } from "#main/account/session.ts";
import { api } from "#main/contract/contract.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { milliseconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";

const suite = await loadSuite("x25519", "native");
const DAY = 86_400_000;
const TODAY = 20_000;

test("a day that has not come yet, as a provider may name it, is shown as today, and the list of devices still opens", async () => {
  const days = [TODAY - 3, TODAY, TODAY + 1, 1e8 + 1, 2 ** 32 - 1];
  const devices = days.map((lastDay, n) => ({
    deviceKey: new Uint8Array(32).fill(n),
    lastDay,
    isOwn: false,
    isJoining: false,
    isUnfinished: false,
  }));
  const clock = new VirtualClock({ start: milliseconds(TODAY * DAY + 5) });
  const offer = new StandingOffer(clock);
  const session = {
    offer,
    client: { devices: async () => devices },
    suite,
    account: { deviceSeed: new Uint8Array(32) },
  };
  const handlers = createDeviceHandlers({
    open: () => session as unknown as Session,
    clock,
  });
  const shown = api["devices.list"].output.parse(await handlers["devices.list"]({}));
  assert.deepEqual(
    shown.devices.map(({ lastSeen }) => Math.floor(lastSeen / DAY)),
    [TODAY - 3, TODAY, TODAY, TODAY, TODAY],
  );
});
