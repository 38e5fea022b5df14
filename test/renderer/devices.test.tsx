import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { readJoinLine, toJoinLine } from "#main/contract/join-line.ts";
import { guessedName } from "#renderer/components/device-name.ts";
import { en } from "#renderer/text/en.ts";
import { DEVICE_CODE, INVITE, INVITE_OF_PROVIDER, PASSPHRASE } from "./fake-data.ts";
import { press, show, type } from "./show.tsx";

test("the devices are listed with their names, since when, and which one this is", async () => {
  show();
  await press(en.folders.devices);
  const list = await screen.findByRole("list", { name: en.devices.list });
  const [first, second] = within(list).getAllByRole("listitem") as [HTMLElement, HTMLElement];
  expect(first.textContent).toContain("Laptop");
  expect(first.textContent).toContain(en.devices.isThis);
  expect(within(first).queryByRole("button", { name: /Remove/ })).toBeNull();
  expect(second.textContent).toContain(en.devices.seen(en.time.dayYesterday));
  expect(screen.queryByText(en.devices.only)).toBeNull();
});

test("while the program connects, the page says so; what could not be asked then is asked when the provider is there", async () => {
  const program = show({ network: { state: "connecting" } });
  const answer = program.hold("devices.list");
  await press(en.folders.devices);
  await screen.findByText(en.devices.connecting, undefined, { timeout: 2_000 });
  program.failNext("devices.list", "PROVIDER_DOWN");
  answer();
  expect((await screen.findByRole("alert")).dataset["code"]).toBe("PROVIDER_DOWN");
  program.setNetwork({ state: "mixing" });
  await screen.findByText("Office");
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a provider that is down is said once; the list comes when it is back", async () => {
  const program = show({ network: { state: "provider-down" } });
  program.failNext("devices.list", "PROVIDER_DOWN");
  await press(en.folders.devices);
  await screen.findByText(en.devices.later);
  expect(screen.getAllByRole("alert")).toHaveLength(1);
  program.setNetwork({ state: "mixing" });
  await screen.findByText("Office");
});

test("a device that was removed says so above every page, sends nothing, and joins again with a code", async () => {
  const program = show();
  await press(en.folders.write);
  await screen.findByRole("textbox", { name: en.compose.text });
  program.setNetwork({ state: "removed" });
  const note = await screen.findByRole("alert");
  for (const part of Object.values(en.errors.DEVICE_UNKNOWN)) expect(note.textContent).toContain(part);
  await screen.findByRole("button", { name: en.compose.send.removed });
  screen.getByText(en.status.removed);
  for (const place of ["inbox", "sent", "drafts", "network"] as const) {
    await press(new RegExp(`^${en.folders[place]}`));
    screen.getByText(en.errors.DEVICE_UNKNOWN.what);
  }
  program.failNext("devices.list", "DEVICE_UNKNOWN");
  await press(en.folders.devices);
  await waitFor(() => expect(program.calls).toContain("devices.list"));
  expect(screen.getAllByText(en.errors.DEVICE_UNKNOWN.what)).toHaveLength(1);

  await press(en.removed.rejoin);
  const dialog = await screen.findByRole("dialog", { name: en.removed.title });
  const code = within(dialog).getByLabelText<HTMLInputElement>(en.firstRun.joinCode);
  fireEvent.change(code, { target: { value: "a".repeat(26) } });
  fireEvent.click(within(dialog).getByRole("button", { name: en.removed.rejoin }));
  await within(dialog).findByText(en.errors.BAD_DEVICE_CODE.what);
  fireEvent.change(code, { target: { value: toJoinLine({ line: INVITE, code: DEVICE_CODE }) } });
  expect(code.value).toBe(DEVICE_CODE);
  fireEvent.click(within(dialog).getByRole("button", { name: en.removed.rejoin }));
  await screen.findByText(en.removed.done);
  await waitFor(() => expect(screen.queryByText(en.errors.DEVICE_UNKNOWN.what)).toBeNull());
});

test("a provider that cannot be reached is said, with a way to ask again", async () => {
  const program = show();
  program.failNext("devices.list", "PROVIDER_DOWN");
  await press(en.folders.devices);
  expect((await screen.findByRole("alert")).dataset["code"]).toBe("PROVIDER_DOWN");
  await press(en.app.tryAgain);
  await screen.findByText("Office");
});

test("adding a device shows line and code until the new one has joined, and says so", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    const program = show({
      devices: [
        { id: "1".repeat(64), name: "", lastSeen: Date.now(), isThis: true, isJoining: false, isUnfinished: false },
      ],
    });
    await press(en.folders.devices);
    await screen.findByText(en.devices.only);
    screen.getByText(en.devices.thisUnnamed);
    await press(en.devices.add);
    const dialog = await screen.findByRole("dialog", { name: en.addDevice.title });
    await within(dialog).findByText(en.addDevice.waiting);
    const both = within(dialog).getByLabelText<HTMLInputElement>(en.addDevice.line).value;
    expect(readJoinLine(both)).toEqual({ line: INVITE_OF_PROVIDER, code: DEVICE_CODE });
    const code = within(dialog).getByRole("list", { name: en.addDevice.code });
    const groups = within(code).getAllByRole("listitem");
    expect(groups.map(({ textContent }) => textContent)).toEqual(DEVICE_CODE.split("-"));
    program.addDevice({
      id: "4".repeat(64),
      name: "",
      lastSeen: Date.now(),
      isThis: false,
      isJoining: false,
      isUnfinished: true,
    });
    await vi.advanceTimersByTimeAsync(11_000);
    await within(dialog).findByText(en.addDevice.waiting);
    program.addDevice({
      id: "3".repeat(64),
      name: "Phone",
      since: Date.now(),
      lastSeen: Date.now(),
      isThis: false,
      isJoining: false,
      isUnfinished: false,
    });
    await vi.advanceTimersByTimeAsync(11_000);
    await within(dialog).findByText(en.addDevice.joined("Phone"));
    await press(en.addDevice.done);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(program.calls).not.toContain("devices.withdraw");
    screen.getByText("Phone");
  } finally {
    vi.useRealTimers();
  }
});

test("a code can be taken back; one that is over is said to be, and another can be had", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    const program = show();
    await press(en.folders.devices);
    await press(en.devices.add);
    await screen.findByText(en.addDevice.waiting);
    vi.setSystemTime(Date.now() + 15 * 60_000);
    await vi.advanceTimersByTimeAsync(2_000);
    await screen.findByText(en.addDevice.over);
    expect(screen.queryByRole("list", { name: en.addDevice.code })).toBeNull();
    await press(en.addDevice.fresh);
    await screen.findByText(en.addDevice.waiting);
    program.failNext("devices.withdraw", "PROVIDER_DOWN");
    await press(en.addDevice.cancel);
    expect((await screen.findByRole("alert")).dataset["code"]).toBe("PROVIDER_DOWN");
    await press(en.addDevice.cancel);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(program.calls.filter((name) => name === "devices.withdraw")).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

test("a window that was reloaded shows the code that is on offer again; one that closed it can have it back", async () => {
  const program = show({ offer: { code: DEVICE_CODE, line: INVITE_OF_PROVIDER, until: Date.now() + 600_000 } });
  const dialog = await screen.findByRole("dialog", { name: en.addDevice.title });
  await within(dialog).findByRole("list", { name: en.addDevice.code });
  fireEvent.keyDown(dialog, { key: "Escape" });
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await press(en.devices.showCode);
  await screen.findByRole("list", { name: en.addDevice.code });
  await press(en.addDevice.cancel);
  await screen.findByRole("button", { name: en.devices.add });
  expect(program.calls).toContain("devices.withdraw");
});

test("a code that stands is not taken for used because the list of devices comes late, or not at all", async () => {
  const program = show({ offer: { code: DEVICE_CODE, line: INVITE_OF_PROVIDER, until: Date.now() + 600_000 } });
  program.failNext("devices.list", "PROVIDER_DOWN");
  const answer = program.hold("devices.list");
  await waitFor(() => expect(program.calls).toContain("devices.list"));
  answer();
  const dialog = await screen.findByRole("dialog", { name: en.addDevice.title });
  await within(dialog).findByRole("list", { name: en.addDevice.code });
  program.setNetwork({ state: "stale" });
  program.setNetwork({ state: "mixing" });
  await waitFor(() => expect(program.calls.filter((name) => name === "devices.list")).toHaveLength(2));
  await within(dialog).findByText(en.addDevice.waiting);
  within(dialog).getByRole("list", { name: en.addDevice.code });
});

test("an account with as many devices as it may have says so in place of a code", async () => {
  const program = show();
  await press(en.folders.devices);
  await screen.findByText("Office");
  program.failNext("devices.offer", "TOO_MANY_DEVICES");
  await press(en.devices.add);
  expect((await screen.findByRole("alert")).textContent).toContain(en.errors.TOO_MANY_DEVICES.todo);
  expect(screen.queryByText(en.addDevice.waiting)).toBeNull();
});

test("removing asks first, says what it means and what it does not, and then the device is gone", async () => {
  const program = show();
  await press(en.folders.devices);
  await press(en.devices.removeNamed("Office"));
  const dialog = await screen.findByRole("alertdialog", { name: en.devices.removeTitle("Office") });
  within(dialog).getByText(en.devices.removeRest);
  await press(en.devices.keep);
  await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
  expect(program.calls).not.toContain("devices.remove");
  await press(en.devices.removeNamed("Office"));
  await press(en.devices.removeYes);
  await screen.findByText(en.devices.removed("Office"));
  await waitFor(() => expect(screen.queryByText("Office")).toBeNull());
});

test("who used a code and did not finish is shown with what it has and what to do, and can be removed", async () => {
  const program = show();
  program.addDevice({
    id: "3".repeat(64),
    name: "",
    lastSeen: Date.now(),
    isThis: false,
    isJoining: false,
    isUnfinished: true,
  });
  await press(en.folders.devices);
  const row = (await screen.findByText(en.devices.unfinished)).closest("li");
  expect(row?.textContent).toContain("join again there");
  await press(en.devices.removeNamed(en.devices.unfinished));
  const dialog = await screen.findByRole("alertdialog", { name: en.devices.removeTitle(en.devices.unfinished) });
  within(dialog).getByText(en.devices.removeUnfinished);
  await press(en.devices.removeYes);
  await waitFor(() => expect(screen.queryByText(en.devices.unfinished)).toBeNull());
});

test("a device without a name is offered one, by the kind of computer it is", async () => {
  show({
    devices: [
      { id: "1".repeat(64), name: "", lastSeen: Date.now(), isThis: true, isJoining: false, isUnfinished: false },
    ],
  });
  await press(en.folders.devices);
  await press(en.devices.rename);
  const field = await screen.findByLabelText<HTMLInputElement>(en.devices.renameField);
  expect(Object.values(en.devices.kinds)).toContain(field.value);
  await press(en.devices.save);
  await screen.findByText(field.value);
});

test.each([
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "windows"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "mac"],
  ["Mozilla/5.0 (X11; Linux x86_64)", "linux"],
  ["Mozilla/5.0 (Linux; Android 14; Pixel 8)", "telephone"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", "telephone"],
  ["something else", "other"],
] as const)("%s is called %s", (userAgent, kind) => {
  expect(guessedName(en.devices, userAgent)).toBe(en.devices.kinds[kind]);
});

test("this device gets another name", async () => {
  show();
  await press(en.folders.devices);
  await press(en.devices.rename);
  await screen.findByRole("dialog", { name: en.devices.renameTitle });
  expect(screen.getByLabelText<HTMLInputElement>(en.devices.renameField).value).toBe("Laptop");
  type(en.devices.renameField, "Kitchen");
  await press(en.devices.save);
  await screen.findByText("Kitchen");
});

test("a new program joins with the line and the code of another device", async () => {
  const program = show({ stage: "new" });
  await press(en.firstRun.joinInstead);
  await screen.findByText(en.firstRun.joinTitle);
  type(en.firstRun.joinLine, INVITE);
  type(en.firstRun.joinCode, "0bdq2");
  await screen.findByText(en.firstRun.joinCodeBad);
  type(en.firstRun.joinCode, ` ${DEVICE_CODE.toUpperCase().replaceAll("-", " ")}`);
  await press(en.firstRun.continue);
  await screen.findByText(en.firstRun.deviceTitle);
  type(en.firstRun.deviceName, "Phone");
  type(en.firstRun.passphrase, PASSPHRASE);
  type(en.firstRun.passphraseAgain, PASSPHRASE);
  await press(en.firstRun.join);
  await screen.findByText(en.firstRun.joinedBody("alice@a.example"));
  fireEvent.click(screen.getByLabelText(en.firstRun.saved));
  await press(en.firstRun.toMail);
  await screen.findByRole("navigation", { name: en.folders.label });
  expect(program.calls).toContain("app.join");
});

test.each(["invite", "line", "code"] as const)(
  "one line with both, put into the field for the %s, fills in line and code",
  async (where) => {
    show({ stage: "new" });
    if (where !== "invite") await press(en.firstRun.joinInstead);
    const field = { invite: en.firstRun.invite, line: en.firstRun.joinLine, code: en.firstRun.joinCode }[where];
    await screen.findByLabelText(field);
    type(field, ` ${toJoinLine({ line: INVITE, code: DEVICE_CODE })}\n`);
    const line = await screen.findByLabelText<HTMLInputElement>(en.firstRun.joinLine);
    expect(line.value).toBe(INVITE);
    expect(screen.getByLabelText<HTMLInputElement>(en.firstRun.joinCode).value).toBe(DEVICE_CODE);
    await press(en.firstRun.continue);
    await screen.findByText(en.firstRun.deviceTitle);
  },
);

test("what holds no code is no such line", () => {
  for (const text of ["", INVITE, DEVICE_CODE, `#${DEVICE_CODE}`, `https://a.example/#${DEVICE_CODE}`])
    expect(readJoinLine(text)).toBeUndefined();
});

test.each(["BAD_DEVICE_CODE", "PROVIDER_DOWN", "ACCOUNT_DIFFERS", "DEVICE_NEWER", "DEVICE_OLDER"] as const)(
  "joining that fails with %s says so, keeps what was typed, and can be tried again",
  async (code) => {
    const program = show({ stage: "new" });
    await press(en.firstRun.joinInstead);
    type(en.firstRun.joinLine, INVITE);
    type(en.firstRun.joinCode, DEVICE_CODE);
    await press(en.firstRun.continue);
    await screen.findByText(en.firstRun.deviceTitle);
    type(en.firstRun.deviceName, "Phone");
    type(en.firstRun.passphrase, PASSPHRASE);
    type(en.firstRun.passphraseAgain, PASSPHRASE);
    program.failNext("app.join", code);
    await press(en.firstRun.join);
    const note = await screen.findByRole("alert");
    const says = code === "PROVIDER_DOWN" ? en.firstRun.joinErrors[code] : en.errors[code];
    for (const part of Object.values(says)) expect(note.textContent).toContain(part);
    expect(screen.getByLabelText<HTMLInputElement>(en.firstRun.deviceName).value).toBe("Phone");
    await press(en.app.back);
    await screen.findByText(en.firstRun.joinTitle);
    expect(screen.getByLabelText<HTMLInputElement>(en.firstRun.joinCode).value).toBe(DEVICE_CODE);
  },
);
