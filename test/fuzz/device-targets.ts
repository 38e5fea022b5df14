/** What the devices of one account give each other through their provider. */

import assert from "node:assert/strict";
import { decodePayload, encodePayload } from "#main/account/device-payload.ts";
import { MainError } from "#main/error.ts";
import { encodeAnnouncement, readAnnouncement } from "#transport/client/boxes/announcement.ts";
import { decodeBundle, encodeBundle, NOTICE_BYTES, openBundle, openNotice } from "#transport/client/device-bundle.ts";
import { BUNDLE_EXTRA_BYTES_MAX } from "#transport/client/limits.ts";
import { openLabel, sealLabel } from "#transport/client/device-label.ts";
import { decodeDeviceCode, encodeDeviceCode } from "#transport/client/device-code.ts";
import { TransportError } from "#transport/core/errors.ts";
import { concat } from "#transport/core/bytes.ts";
import { milliseconds, nodeId } from "#transport/core/units.ts";
import {
  type ControlRequest,
  decodeControlRequest,
  decodeDeviceList,
  encodeDeviceList,
} from "#transport/link/control.ts";
import type { Target } from "./fuzz.ts";
import { inverse } from "./inverse.ts";
import type { Traffic } from "./traffic.ts";

export function deviceTargets(traffic: Traffic): Target[] {
  const { suite, household } = traffic;
  const { code: text, devices, mailboxId } = household;
  const code = decodeDeviceCode(text);
  const sealed = asked(traffic, "offer-device").map(({ bundle }) => bundle);
  const bundles = sealed.map((bundle) => read(openBundle(suite, code, bundle)));
  const [bundle] = bundles.map(decodeBundle);
  assert.ok(bundle !== undefined && bundle.keys.length > 0);
  // So small a network has no guards.
  const guards = [1, 2].map((value) => ({
    nodeId: nodeId(new Uint8Array(32).fill(value)),
    since: milliseconds(value),
  }));
  const { deviceSecret } = bundle.ratchet;
  const boxes = [
    { ...BOX, isGood: true },
    { ...BOX, isGood: false },
  ];
  const announcement = encodeAnnouncement(suite, { deviceSecret, mailboxId }, BOX);
  const labelled = { accountKey: bundle.accountKey, deviceKey: new Uint8Array(32).fill(4) };
  const [salt, since] = [new Uint8Array(32).fill(5), milliseconds(1_800_000_000_000)];
  // As an entry holds it: what follows the notice there is padding.
  const notices = asked(traffic, "remove-device").map(({ notice }) => concat(notice, new Uint8Array(40)));
  const own = devices.slice(0, 1);
  return [
    {
      name: "list of devices",
      corpus: [devices, own, []].map(encodeDeviceList),
      decode: inverse(decodeDeviceList, encodeDeviceList),
      takesChanged: "some",
    },
    {
      name: "code for a new device",
      corpus: [text, text.toUpperCase(), ` ${text.replaceAll("-", " ")} `].map((typed) => Buffer.from(typed)),
      decode: (bytes) => {
        const typed = Buffer.from(bytes).toString();
        assert.equal(plain(encodeDeviceCode(decodeDeviceCode(typed))), plain(typed));
      },
      takesChanged: "some",
    },
    {
      name: "sealed bundle for a new device",
      corpus: sealed,
      decode: (bytes) => void read(openBundle(suite, code, bytes)),
      takesChanged: "none",
    },
    {
      name: "bundle for a new device, whoever sealed it",
      corpus: [...bundles, encodeBundle({ ...bundle, guards, boxes })],
      decode: inverse(decodeBundle, encodeBundle),
      takesChanged: "some",
    },
    {
      name: "what the program adds to the bundle",
      corpus: [0, 3].map((count) => encodePayload({ ...KEYHOLDER, people: PEOPLE.slice(0, count) })),
      decode: (bytes) => {
        if (bytes.length > BUNDLE_EXTRA_BYTES_MAX) throw new TransportError("MALFORMED");
        inverse(decodeOwn, encodePayload)(bytes);
      },
      takesChanged: "some",
    },
    {
      name: "announcement of a box",
      corpus: [announcement],
      decode: (bytes) => void read(readAnnouncement(suite, { deviceSecret, mailboxId }, bytes)),
      takesChanged: "none",
    },
    {
      name: "label of a device",
      corpus: ["", "Laptop", "ä".repeat(32)].map((name) => sealLabel(suite, { ...labelled, salt, name, since })),
      decode: (label) => void read(openLabel(suite, { ...labelled, label })),
      takesChanged: "none",
    },
    {
      name: "notice about a device, with its padding",
      corpus: notices,
      decode: (entry) => void read(openNotice(suite, { deviceSecret, mailboxId, entry })),
      takesChanged: "some",
    },
    {
      name: "notice about a device",
      corpus: notices.map((entry) => entry.slice(0, NOTICE_BYTES)),
      decode: (bytes) => {
        const entry = bytes.slice(0, NOTICE_BYTES + 1);
        if (entry.length > NOTICE_BYTES) throw new TransportError("MALFORMED");
        void read(openNotice(suite, { deviceSecret, mailboxId, entry }));
      },
      takesChanged: "none",
    },
  ];
}

const KEYHOLDER = { name: "Bob Ädler", privateKey: new Uint8Array(600).fill(6) };
const PEOPLE = ["Alice", "", "Zoë"].map((name, index) => ({
  address: `person${index}@a.example`,
  name,
  pinned: { accountKey: new Uint8Array(32).fill(index), fingerprint: "ab".repeat(20) },
  verified: index === 0,
  accepted: index < 2,
}));

const BOX = {
  secret: new Uint8Array(32).fill(7),
  providerId: nodeId(new Uint8Array(32).fill(8)),
  until: milliseconds(1_800_000_000_000),
};

function decodeOwn(bytes: Uint8Array): ReturnType<typeof decodePayload> {
  try {
    return decodePayload(bytes);
  } catch (error) {
    if (error instanceof MainError) throw new TransportError("MALFORMED", error.message);
    throw error;
  }
}

const plain = (typed: string): string => typed.toLowerCase().replaceAll(/[\s-]/g, "");

function asked<K extends ControlRequest["kind"]>(traffic: Traffic, kind: K): Extract<ControlRequest, { kind: K }>[] {
  const requests = traffic.of("control").map(({ body }) => decodeControlRequest(body));
  return requests.filter((request): request is Extract<ControlRequest, { kind: K }> => request.kind === kind);
}

function read<T>(value: T | undefined): T {
  if (value === undefined) throw new TransportError("MALFORMED");
  return value;
}
