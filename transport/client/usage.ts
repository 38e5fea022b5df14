/** What the client's socket carried today, and when packets left in the last minute: for people to look at. */

import type { Milliseconds } from "../core/units.ts";
import { DEPARTURES_MAX, DEPARTURES_WINDOW } from "./limits.ts";

const DAY = 24 * 3600 * 1000;

export class Usage {
  #day = -1;
  #sent = { packets: 0, bytes: 0 };
  #received = { polls: 0, bytes: 0 };
  readonly #departures: Milliseconds[] = [];

  packetSent(bytes: number, at: Milliseconds): void {
    this.#turn(at);
    this.#sent.packets++;
    this.#sent.bytes += bytes;
    this.#departures.push(at);
    while (this.#departures.length > DEPARTURES_MAX) this.#departures.shift();
  }

  otherSent(bytes: number, at: Milliseconds): void {
    this.#turn(at);
    this.#sent.bytes += bytes;
  }

  received(bytes: number, at: Milliseconds, isPoll: boolean): void {
    this.#turn(at);
    if (isPoll) this.#received.polls++;
    this.#received.bytes += bytes;
  }

  show(now: Milliseconds): {
    sentToday: { packets: number; bytes: number };
    receivedToday: { polls: number; bytes: number };
    departures: readonly Milliseconds[];
  } {
    this.#turn(now);
    return {
      sentToday: { ...this.#sent },
      receivedToday: { ...this.#received },
      departures: this.#departures.filter((at) => now - at <= DEPARTURES_WINDOW),
    };
  }

  #turn(now: Milliseconds): void {
    const day = Math.floor(now / DAY);
    if (day === this.#day) return;
    this.#day = day;
    this.#sent = { packets: 0, bytes: 0 };
    this.#received = { polls: 0, bytes: 0 };
  }
}
