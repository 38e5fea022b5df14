/** What a stranger says to the listener for browsers: the upgrade, the proof of both keys, messages on the link. */

import assert from "node:assert/strict";
import { keyOf, linkKey, NETWORK_HASH, seed, suite } from "#test/support/web-links.ts";
import { equalBytes, toHex } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { milliseconds } from "#transport/core/units.ts";
import { addressGroup } from "#transport/link/address-group.ts";
import { admitUpgrade, clientAddress } from "#transport/link/web-admission.ts";
import {
  checkAnswer,
  checkProof,
  decodeHello,
  encodeHello,
  makeAnswer,
  makeProof,
  WEB_PROTOCOL,
  webAddress,
} from "#transport/link/web-handshake.ts";
import { WebLink } from "#transport/link/web-link.ts";
import { MessageSocket, type WebSocketLike } from "#transport/link/web-socket.ts";
import type { Target } from "./fuzz.ts";
import { inverse } from "./inverse.ts";
import type { Traffic } from "./traffic.ts";

const ADMISSION = { path: "/starling", origins: ["https://app.example"], protocol: WEB_PROTOCOL };

export function webTargets(traffic: Traffic): Target[] {
  // Browsers compute in JavaScript, providers do not: each side's check with its own.
  const { suite: native } = traffic;
  const context = { networkHash: NETWORK_HASH, linkKey: linkKey(1), url: "wss://a.example/starling" };
  const challenges = { ofClient: seed(5), ofProvider: seed(3) };
  const answers = [2, 4, 6].map((device) => makeAnswer({ context, challenges, deviceSeed: seed(device), suite }));
  const keys = new Set([2, 4, 6].map((device) => toHex(keyOf(device))));
  return [
    upgrade(),
    {
      name: "client's address behind a proxy",
      corpus: texts(
        "203.0.113.7",
        "203.0.113.7:567",
        "[2001:db8::7]:567",
        "::ffff:203.0.113.7",
        "2001:db8:1:2:3:4:5:6",
        "a.example, 2001:db8::7",
        "::",
      ),
      decode: (bytes) => {
        const forwarded = Buffer.from(bytes).toString("latin1");
        const request = { headers: { "x-forwarded-for": forwarded }, socket: { remoteAddress: "127.0.0.1" } };
        const address = clientAddress(request, true);
        assert.ok(address !== "" && !address.includes(","));
        assert.ok(addressGroup(address).length <= address.length + 8);
      },
      takesChanged: "some",
    },
    {
      name: "IPv6 address of one household",
      corpus: [seed(1), seed(0), seed(255)].map((bytes) => bytes.slice(0, 16)),
      decode: (bytes) => {
        if (bytes.length !== 16) throw new TransportError("MALFORMED");
        const neighbour = bytes.slice();
        neighbour.fill(9, 8);
        const group = addressGroup(written(bytes));
        if (group.includes(".")) assert.ok(written(bytes).startsWith("::ffff:"));
        else assert.equal(group, addressGroup(written(neighbour)));
      },
      takesChanged: "some",
    },
    {
      name: "URL of a web link",
      corpus: texts("wss://a.example/starling", "ws://127.0.0.1:8080/", "ws://[::1]/x"),
      decode: (bytes) => {
        const url = webAddress(Buffer.from(bytes).toString());
        assert.equal(webAddress(url), url);
      },
      takesChanged: "some",
    },
    {
      name: "HELLO of a web link",
      corpus: [encodeHello(NETWORK_HASH, seed(5)), encodeHello(seed(0), seed(0))],
      decode: inverse(decodeHello, ({ networkHash, challenge }) => encodeHello(networkHash, challenge)),
      takesChanged: "some",
    },
    {
      name: "PROOF of a web link",
      corpus: [makeProof({ context, challenges, signer: suite.hybrid.signer(seed(1)) })],
      decode: (bytes) => void checkProof({ bytes, context, ofClient: challenges.ofClient, suite }),
      takesChanged: "none",
    },
    {
      name: "ANSWER of a web link",
      corpus: answers,
      decode: (bytes) => {
        const key = checkAnswer({ bytes, context, challenges, suite: native });
        assert.ok(keys.has(toHex(key)));
      },
      takesChanged: "none",
    },
    ...(["listener", "dialer"] as const).map((end) => messages(end, traffic)),
  ];
}

function upgrade(): Target {
  return {
    name: "request to become a web link",
    corpus: [
      lines("/starling", "origin: https://app.example", `sec-websocket-protocol: ${WEB_PROTOCOL}`),
      lines("/starling", `sec-websocket-protocol: chat, ${WEB_PROTOCOL} , x`, "origin: https://app.example", "host: a"),
    ],
    decode: (bytes) => {
      const [url = "", ...fields] = Buffer.from(bytes).toString("latin1").split("\n");
      const headers = Object.fromEntries(
        fields.map((field) => {
          const [name = "", ...value] = field.split(":");
          return [name.toLowerCase(), value.join(":").trim()];
        }),
      );
      if (admitUpgrade({ url, headers }, ADMISSION) !== undefined) throw new TransportError("REFUSED");
      assert.equal(url, ADMISSION.path);
      assert.ok(ADMISSION.origins.includes(headers["origin"] ?? ""));
    },
    takesChanged: "some",
  };
}

/** One message on a link that has just begun. */
function messages(end: "listener" | "dialer", { frames, sizes }: Traffic): Target {
  const direction = end === "listener" ? "fromDialer" : "toDialer";
  const corpus = frames
    .filter((frame) => frame.protocol === "starling-client/2" && frame.direction === direction)
    .map(({ bytes }) => bytes);
  return {
    name: `message on a web link, at its ${end}`,
    dependsOnSuite: true,
    corpus,
    // A link tells of its end a moment later.
    decode: async (bytes) => {
      const socket = new SilentSocket();
      const link = new WebLink({
        socket: new MessageSocket(socket),
        peer: { role: "client", key: seed(2) },
        end,
        sizes,
        now: () => milliseconds(0),
        onGone: () => undefined,
      });
      let read: Uint8Array | undefined;
      link.onFrame((frame) => (read = frame));
      socket.message(bytes);
      assert.equal(read === undefined, socket.isEnded, "what is no frame ends the link");
      if (read === undefined) throw new TransportError("MALFORMED");
      assert.ok(equalBytes(read, bytes));
    },
    takesChanged: "some",
  };
}

class SilentSocket implements WebSocketLike {
  binaryType = "";
  readyState = 1;
  bufferedAmount = 0;
  isEnded = false;
  readonly #handlers: ((event: { data: unknown }) => void)[] = [];

  addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
    if (type === "message") this.#handlers.push(listener);
  }

  message(bytes: Uint8Array): void {
    const data = new Uint8Array(bytes).buffer;
    for (const handler of this.#handlers) handler({ data });
  }

  send(): void {}

  close(): void {
    this.isEnded = true;
  }

  terminate(): void {
    this.isEnded = true;
  }
}

/** The one spelling that an operating system gives (RFC 5952). */
function written(address: Uint8Array): string {
  const view = new DataView(address.buffer, address.byteOffset);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

const lines = (...list: readonly string[]): Uint8Array => Buffer.from(list.join("\n"));
const texts = (...list: readonly string[]): Uint8Array[] => list.map((text) => Buffer.from(text));
