/** What the window says of the network is true at the time of which it says it. */

import { act, cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { createFormat } from "#renderer/text/format.ts";
import { en } from "#renderer/text/en.ts";
import { press, show } from "./show.tsx";

const format = createFormat(en);
const EVERY = 200;
const WIDTH = 600;

/** Somebody's line on which a packet leaves each fifth of a second. */
const busy = (now: number): number[] => Array.from({ length: 300 }, (_, n) => Math.floor(now / EVERY - n) * EVERY);

/** How much of the strip's right end has no mark, in milliseconds: of so many packets it shows ten seconds. */
function emptyEnd(): number {
  const strip = screen.getByRole("img", { name: /left in the last minute/ });
  const marks = [...strip.querySelectorAll(".strip-mark")].map((mark) => Number(mark.getAttribute("x1")));
  return ((WIDTH - Math.max(...marks)) / WIDTH) * 10_000;
}

test("the strip is full to its right end when the page opens, and at any time after that", async () => {
  vi.useFakeTimers();
  try {
    show({ departures: busy });
    await act(() => vi.advanceTimersByTimeAsync(15_000));
    fireEvent.click(screen.getByRole("button", { name: en.folders.network }));
    await act(() => vi.advanceTimersByTimeAsync(10));
    expect(emptyEnd()).toBeLessThanOrEqual(EVERY);
    for (let tenths = 0; tenths < 35; tenths++) {
      await act(() => vi.advanceTimersByTimeAsync(100));
      expect(emptyEnd()).toBeLessThanOrEqual(EVERY);
    }
  } finally {
    vi.useRealTimers();
  }
});

test("of many packets the last ten seconds are drawn, and all are counted; of few the whole minute", async () => {
  show({ departures: busy });
  await press(en.folders.network);
  const many = await screen.findByRole("img", { name: en.network.stripLabel(300) });
  expect(many.querySelectorAll(".strip-mark").length).toBeLessThanOrEqual(51);
  expect(many.querySelectorAll(".strip-mark").length).toBeGreaterThanOrEqual(49);
  screen.getByText(en.network.secondsAgo);
  screen.getByText("300 packets left in the last minute; of so many the last 10 s are drawn");
  cleanup();
  show({ departures: (now) => Array.from({ length: 100 }, (_, n) => now - 600 * n) });
  await press(en.folders.network);
  const few = await screen.findByRole("img", { name: en.network.stripLabel(100) });
  expect(few.querySelectorAll(".strip-mark")).toHaveLength(100);
  screen.getByText(en.network.minuteAgo);
  screen.getByText("100 packets left in the last minute");
});

const until = new Date(2026, 10, 22, 12, 34).getTime();

test("that all is well is said until the time that loops tell of", async () => {
  const program = show({ network: { recentLoops: { sent: 10, returned: 9, until } } });
  await press(en.folders.network);
  await screen.findByText(en.network.mixingUntil(format.clock(until)));
  program.setNetwork({ recentLoops: { sent: 0, returned: 0 } });
  await screen.findByText(en.network.mixingUnknown);
});

test("beside the count of loops stands until when they counted: none does while a provider is away, or finds its lines again", async () => {
  const program = show({ network: { recentLoops: { sent: 10, returned: 9, until } } });
  await press(en.folders.network);
  await screen.findByText(`Counted of those that left until ${format.clock(until)}.`);
  program.setNetwork({ loops: { sent: 0, returned: 0 }, recentLoops: { sent: 0, returned: 0 } });
  await screen.findByText("None counted yet");
  expect(screen.queryByText(/^Counted of those/)).toBeNull();
});

test("when loops of late are missing, page and foot say so, long before a new list leaves a dead mix out", async () => {
  const program = show();
  program.setNetwork({ recentLoops: { sent: 10, returned: 6, until } });
  await screen.findByText(en.status.lossy);
  await press(en.folders.network);
  await screen.findByText(en.network.lossy(6, 10, format.clock(until)));
  expect(document.body.textContent).not.toContain(en.network.state.mixing);
  program.setNetwork({ recentLoops: { sent: 10, returned: 10, until } });
  await screen.findByText(en.network.mixingUntil(format.clock(until)));
});

test("a window that lost its program says nowhere that it is mixing, and of when what it shows is", async () => {
  const program = show();
  await screen.findByText(/^Mixing, /);
  await press(en.folders.network);
  await screen.findByText(en.network.strip);
  program.disconnect();
  await screen.findByText(en.status.ended);
  expect(screen.queryByText(/Mixing, |is mixing/)).toBeNull();
  await screen.findByText(/^This window no longer hears from Starling\. What stands here is as of \d\d:\d\d\.$/);
  expect(screen.queryByText(en.network.strip)).toBeNull();
  // Nothing vanishes with the next look.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  screen.getByText(en.network.loops);
  screen.getByText(en.status.ended);
});

const sendButton = (): HTMLElement => document.querySelector<HTMLElement>("button.send")!;

test("a composer whose window lost the program cannot send, and says why", async () => {
  const program = show();
  await press(en.folders.write);
  fireEvent.change(screen.getByRole("combobox", { name: en.compose.to }), { target: { value: "bob@b.example," } });
  await waitFor(() => expect(sendButton()).toHaveProperty("disabled", false));
  program.disconnect();
  await waitFor(() => expect(sendButton().textContent).toContain(en.compose.send.ended));
  expect(sendButton()).toHaveProperty("disabled", true);
});
