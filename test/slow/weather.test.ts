/**
 * Two people write to each other over lines that are slow, narrow, unsteady and now and then reset: those into every mix, and all
 * into one provider, its customer's among them. Real processes and real TLS; every mail arrives, and once.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Correspondence } from "#test/chaos/correspondence.ts";
import { startNetwork } from "#test/demo/network.ts";
import { Observations } from "#test/demo/observations.ts";
import { settleIn } from "#test/demo/story.ts";
import { type Forecast, WeatherRelay } from "#test/support/weather-relay.ts";
import { DEMO_PARAMETERS, type Parameters } from "#transport/core/parameters.ts";
import { pick } from "#transport/core/random.ts";
import { SystemRandom } from "#transport/core/system-random.ts";
import { milliseconds, perSecond } from "#transport/core/units.ts";
import { Member } from "#test/integration/support/member.ts";

/**
 * Delays are shorter than the demo's, so that what is lost comes again within seconds; clients poll less often than their lines' round
 * trip: a poll that leaves before the last one's answer is here asks for the same entry again.
 */
const PACE = { sendRate: perSecond(3), pollRate: perSecond(3), meanDelay: milliseconds(300) };
const PARAMETERS: Parameters = {
  ...DEMO_PARAMETERS,
  profiles: {
    mail: { ...DEMO_PARAMETERS.profiles.mail, ...PACE },
    chat: { ...DEMO_PARAMETERS.profiles.chat, ...PACE },
  },
  minimumPool: 1,
  // As many as polls bring.
  boxReplies: 2,
};
/** A client sends 86 KB and fetches 87 KB a second; between two mixes some 80 KB a second pass. The lines take half as much again to three times that. */
const FORECAST: Forecast = {
  client: {
    out: { delay: 40, jitter: 60, bytesPerSecond: 130_000 },
    back: { delay: 80, jitter: 100, bytesPerSecond: 200_000 },
  },
  node: {
    out: { delay: 80, jitter: 120, bytesPerSecond: 160_000 },
    back: { delay: 20, jitter: 40, bytesPerSecond: 30_000 },
  },
};
/** Its customer has the bad line; the other provider is reached directly. */
const FAR = "a.example";
const MIXES = ["mix-1", "mix-2", "mix-3", "mix-4", "mix-5", "mix-6"];
const STRIKES = 5;
const BETWEEN_STRIKES_MILLISECONDS = 1_500;
const PAUSE_MILLISECONDS = 2_000;
const MEAN_INTERVAL_MILLISECONDS = 700;
/** For what is lost last, on a machine that has much else to do. */
const LAST_MILLISECONDS = 180_000;

test("mail arrives, and once, over lines that are slow, narrow, unsteady and reset", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "starling-weather-"));
  const random = new SystemRandom();
  const relay = new WeatherRelay({ forecast: FORECAST, random });
  const stops: (() => Promise<void>)[] = [() => relay.close()];
  let isClean = false;
  try {
    const network = await startNetwork({
      folder,
      observations: new Observations(),
      parameters: PARAMETERS,
      announce: async (node) => (node.name === FAR || MIXES.includes(node.name) ? relay.stand(node) : node.listens),
    });
    stops.unshift(() => network.stop());
    const people = [
      new Member({ name: "Alice", domain: FAR, folder, onEvent: () => undefined }),
      new Member({ name: "Bob", domain: "b.example", folder, onEvent: () => undefined }),
    ];
    stops.unshift(...people.map((person) => () => person.stop()));
    await Promise.all([network.flowing(), ...people.map((person) => person.desktop.ready())]);
    await Promise.all(people.map((person) => settleIn(person, network)));
    const correspondence = new Correspondence({ people, meanInterval: MEAN_INTERVAL_MILLISECONDS, random });
    await correspondence.start();

    let clients = 0;
    for (let strike = 0; strike < STRIKES; strike++) {
      await pause(BETWEEN_STRIKES_MILLISECONDS);
      relay.reset(pick(random, MIXES), "node");
      relay.pause(pick(random, MIXES), PAUSE_MILLISECONDS);
      if (strike % 3 === 1) clients += relay.reset(FAR, "client");
    }
    await correspondence.end(LAST_MILLISECONDS);

    await correspondence.assertSound();
    assert.ok(clients > 0 && relay.resets > clients, `${relay.resets} lines were reset, ${clients} of a client`);
    const waits = correspondence.accepted
      .map(({ at, arrivedAt = Number.NaN }) => arrivedAt - at)
      .toSorted((a, b) => a - b);
    t.diagnostic(
      `${waits.length} mails, half within ${seconds(waits[waits.length >> 1])} s, all within ${seconds(waits.at(-1))} s; ${relay.resets} lines reset, ${Math.round(relay.bytes / 1e6)} MB passed`,
    );
    isClean = true;
  } catch (error) {
    throw new Error(`What each process said is in ${join(folder, "logs")}.`, { cause: error });
  } finally {
    // Each, also when one of them had ended by itself: what is left open would keep this process from ending.
    await Promise.allSettled(stops.map((stop) => stop()));
    if (isClean) rmSync(folder, { recursive: true, force: true });
  }
});

const seconds = (wait = Number.NaN): string => (wait / 1000).toFixed(1);
const pause = (wait: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, wait));
