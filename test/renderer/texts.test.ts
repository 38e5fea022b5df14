import { expect, test } from "vitest";
import { api, content, delivery, ERROR_CODES, message, network, path, recipient } from "#main/contract/contract.ts";
import { en } from "#renderer/text/en.ts";
import { createFormat } from "#renderer/text/format.ts";

test("every code that can cross has three sentences: what did not happen, what is safe, one thing to do", () => {
  expect(Object.keys(en.errors).toSorted()).toEqual([...ERROR_CODES].toSorted());
  for (const { what, safe, todo } of Object.values(en.errors)) {
    for (const sentence of [what, safe, todo]) expect(sentence).toMatch(/^\p{Lu}.{10,}\.$/u);
  }
});

test("no sentence shouts, and none uses the words of the trade", () => {
  const sentences: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === "string") sentences.push(value);
    else if (typeof value === "object" && value !== null) for (const part of Object.values(value)) collect(part);
  };
  collect(en);
  expect(sentences.length).toBeGreaterThan(200);
  for (const sentence of sentences) {
    expect(sentence).not.toMatch(/!|\b(?:SURB|Sphinx|payload|ciphertext|consensus|MAC|epoch|decapsulat\w*)\b/);
  }
});

test("every state of the contract has its word", () => {
  for (const word of content.options) expect(en.mark[word]).toBeTruthy();
  for (const word of path.options) expect(en.mark[word]).toBeTruthy();
  for (const state of delivery.options) expect(en.delivery[state]).toBeTruthy();
  for (const state of recipient.shape.state.options) {
    expect(en.recipient[state]).toBeTruthy();
    expect(en.recipient.says[state]("Ann")).toContain("Ann");
  }
  for (const state of network.shape.state.options) expect(en.network.state[state]).toBeTruthy();
  for (const state of message.shape.signature.options) expect(en.mark.signature[state]).toBeTruthy();
  expect(Object.keys(api).length).toBeGreaterThan(20);
});

const format = createFormat(en);
const noon = new Date(2026, 10, 22, 12, 0).getTime();
const HOUR = 3_600_000;

test("times are said as people say them", () => {
  expect(format.long(noon - 5_000, noon)).toBe("just now");
  expect(format.long(noon - 2 * HOUR, noon)).toBe("10:00");
  expect(format.long(noon - 22 * HOUR, noon)).toBe("yesterday 14:00");
  expect(format.short(noon - 22 * HOUR, noon)).toBe("yesterday");
  expect(format.short(noon - 10 * 24 * HOUR, noon)).toBe("12 Nov");
  expect(format.short(new Date(2024, 1, 3).getTime(), noon)).toBe("3 Feb 2024");
});

test("durations are never more exact than they are known", () => {
  const cases: [number, string][] = [
    [0, "a few seconds"],
    [5, "a few seconds"],
    [7, "about 10 s"],
    [13, "about 15 s"],
    [47, "about 45 s"],
    [58, "about 1 min"],
    [125, "about 2 min"],
    [1_790, "about 30 min"],
    [3_599, "about 1 h"],
    [4_300, "about 1 h 10 min"],
    [3 * 86_400, "about 3 days"],
  ];
  for (const [seconds, words] of cases) expect(format.duration(seconds)).toBe(words);
  expect(format.until(noon - 1, noon)).toBe("any moment now");
  expect(format.until(noon + 120_000, noon)).toBe("in about 2 min");
});

test("sizes have the unit a person would choose", () => {
  expect(format.bytes(0)).toBe("0 bytes");
  expect(format.bytes(412_800)).toBe("413 kB");
  expect(format.bytes(41_000_000)).toBe("41 MB");
  expect(format.bytes(3_400_000_000)).toBe("3.4 GB");
});
