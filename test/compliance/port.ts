/** What every port must do, whatever carries it. One suite for memory, the loopback WebSocket and Electron's messages. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Port } from "#main/contract/port.ts";

export interface PortPair {
  /** The program's end and the window's end of one pipe. */
  readonly program: Port;
  readonly window: Port;
  close(): Promise<void>;
}

export function portCompliance(name: string, open: () => Promise<PortPair>): void {
  const withPair = async (work: (pair: PortPair) => Promise<void>): Promise<void> => {
    const pair = await open();
    try {
      await work(pair);
    } finally {
      await pair.close();
    }
  };

  test(`${name}: messages arrive whole and in order, both ways at once`, () =>
    withPair(async ({ program, window }) => {
      const sent = Array.from({ length: 200 }, (_, i) => JSON.stringify({ i, text: "ä\u2028😀".repeat(i) }));
      const [atWindow, atProgram] = [collect(window, sent.length), collect(program, sent.length)];
      for (const json of sent) {
        program.send(json);
        window.send(json);
      }
      assert.deepEqual(await atWindow, sent);
      assert.deepEqual(await atProgram, sent);
    }));

  test(`${name}: what comes before anyone listens is kept`, () =>
    withPair(async ({ program, window }) => {
      const echo = collect(window, 1);
      window.send('"early"');
      program.send('"answer"');
      await echo;
      assert.deepEqual(await collect(program, 1), ['"early"']);
    }));

  test(`${name}: a message is never delivered while it is being sent`, () =>
    withPair(async ({ program, window }) => {
      let delivered = false;
      const done = new Promise<void>((resolve) => {
        program.onMessage(() => {
          delivered = true;
          resolve();
        });
      });
      window.send("1");
      assert.equal(delivered, false);
      await done;
    }));

  test(`${name}: closing one end closes the other, once each, and sending afterwards does nothing`, () =>
    withPair(async ({ program, window }) => {
      let closed = 0;
      const both = new Promise<void>((resolve) => {
        const count = (): void => {
          if (++closed === 2) resolve();
        };
        program.onClose(count);
        window.onClose(count);
      });
      window.close();
      await both;
      window.send("late");
      program.send("late");
      window.close();
      program.close();
      assert.equal(closed, 2);
    }));

  test(`${name}: a megabyte of text passes`, () =>
    withPair(async ({ program, window }) => {
      const large = JSON.stringify("x".repeat(2 ** 20));
      const arrived = collect(program, 1);
      window.send(large);
      assert.deepEqual(await arrived, [large]);
    }));
}

function collect(port: Port, count: number): Promise<string[]> {
  const found: string[] = [];
  return new Promise((resolve) => {
    port.onMessage((json) => {
      found.push(json);
      if (found.length === count) resolve(found);
    });
  });
}
