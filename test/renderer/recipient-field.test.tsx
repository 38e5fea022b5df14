/** What happens to what is typed or pasted into "To", letter by letter. */

import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { en } from "#renderer/text/en.ts";
import { press, show } from "./show.tsx";

async function field(): Promise<HTMLInputElement> {
  show();
  await press(en.folders.write);
  const input = await screen.findByRole<HTMLInputElement>("combobox", { name: en.compose.to });
  act(() => input.focus());
  return input;
}

/** As a keyboard does it: each letter is added to what stands there by then. */
function typeLetters(input: HTMLInputElement, text: string): void {
  for (const letter of text) fireEvent.change(input, { target: { value: input.value + letter } });
}

const readers = (): (string | undefined)[] =>
  [...document.querySelectorAll<HTMLElement>("[data-reader]")].map(({ dataset }) => dataset["reader"]);

test("Enter takes the only one whom a name, or the beginning of an address, can mean", async () => {
  const input = await field();
  for (const typed of ["ade", "bob@b"]) {
    fireEvent.change(input, { target: { value: typed } });
    await screen.findByRole("option", { name: /Bob Adeyemi/ });
    fireEvent.keyDown(input, { key: "Enter" });
    await waitFor(() => expect(readers()).toEqual(["bob@b.example"]));
    await press(/^Remove/);
  }
});

test("Enter takes nobody else for a whole address, and nobody where two are meant", async () => {
  const input = await field();
  fireEvent.change(input, { target: { value: "bob@b.exam" } });
  await screen.findByRole("option", { name: /Bob Adeyemi/ });
  fireEvent.keyDown(input, { key: "Enter" });
  await waitFor(() => expect(readers()).toEqual(["bob@b.exam"]));
  fireEvent.change(input, { target: { value: "@b.ex" } });
  await screen.findByRole("option", { name: /Carol/ });
  fireEvent.keyDown(input, { key: "Enter" });
  await screen.findByText(en.compose.notAnAddress("@b.ex"));
  expect(readers()).toEqual(["bob@b.exam"]);
});

test("what is pasted at once finds people, too", async () => {
  const input = await field();
  fireEvent.change(input, { target: { value: "Bob Adeyemi" } });
  await screen.findByRole("option", { name: /Bob Adeyemi/ });
});

test("a space that is typed stays: a name may have one", async () => {
  const input = await field();
  typeLetters(input, "bob ad");
  expect(input.value).toBe("bob ad");
  expect(screen.queryByRole("alert")).toBeNull();
});

test("an address with spaces in it is one error, and stays as it was typed", async () => {
  const input = await field();
  typeLetters(input, "bob at b");
  fireEvent.keyDown(input, { key: "Enter" });
  const alerts = await screen.findAllByRole("alert");
  expect(alerts.map(({ textContent }) => textContent)).toEqual([en.compose.notAnAddress("bob at b")]);
  expect(input.value).toBe("bob at b");
});

test("what is wrong stays said behind a comma and a space, and goes when something else stands there", async () => {
  const input = await field();
  typeLetters(input, "bob smith@b.example, ");
  expect((await screen.findByRole("alert")).textContent).toBe(en.compose.notAnAddress("bob smith@b.example"));
  typeLetters(input, "x");
  expect(screen.queryByRole("alert")).toBeNull();
});

test("what follows a space is not taken for the whole: the mail would go to somebody else", async () => {
  const input = await field();
  for (const typed of ["bob smith@b.example,", "bob smith@b.example "]) {
    fireEvent.change(input, { target: { value: "" } });
    typeLetters(input, typed);
    fireEvent.keyDown(input, { key: "Enter" });
    await screen.findByText(en.compose.notAnAddress("bob smith@b.example"));
    expect(readers()).toEqual([]);
    expect(input.value.replace(/[, ]$/, "")).toBe("bob smith@b.example");
  }
});

test("a space or a comma after an address ends it, and so do names with angle brackets", async () => {
  const input = await field();
  typeLetters(input, "bob@b.example ");
  await waitFor(() => expect(readers()).toEqual(["bob@b.example"]));
  expect(input.value).toBe("");
  fireEvent.change(input, {
    target: { value: "Carol Jones <carol@b.example>, dan@b.example grace@b.example, eve b," },
  });
  await waitFor(() =>
    expect(readers()).toEqual(["bob@b.example", "carol@b.example", "dan@b.example", "grace@b.example"]),
  );
  expect(input.value).toBe("eve b");
  await screen.findByText(en.compose.notAnAddress("eve b"));
});
