/**
 * A process that dials a name: its resolver is replaced here, and what goes wrong below TLS ends this process and not the
 * tests. Argument: which of CASES. Output: what came of it, as JSON.
 */

import dns from "node:dns";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import type { Clock } from "#transport/core/clock.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { seconds } from "#transport/core/units.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";

const sizes = { packetBytes: 28_672, payloadBytes: 23_830 };
const suite = await loadSuite("x25519", "native");
const seed = (value: number): Uint8Array => new Uint8Array(32).fill(value);

/** Nobody listens on the name's first address. */
async function secondAddress(first: string): Promise<object> {
  const clock = new SystemClock();
  const protocols = ["starling-node/2"] as const;
  const listener = await TlsListener.listen({
    identitySeed: seed(1),
    suite,
    sizes,
    clock,
    host: "127.0.0.1",
    port: 0,
    protocols,
  });
  const arrived = new Promise<string>((resolve) => listener.onLink(({ peer }) => resolve(peer.role)));
  resolver((answer) => answer([first, "127.0.0.1"]));
  const link = await dial(Number(listener.address.split(":")[1]), clock);
  const outcome = { here: link.peer.role, there: await arrived };
  link.close();
  await listener.close();
  return outcome;
}

async function noAddress(): Promise<object> {
  resolver((answer) => answer(["::1", "127.0.0.1"]));
  const clock = new VirtualClock();
  const dialled = failure(dial(1, clock));
  return { ...(await dialled), later: await later(clock) };
}

async function resolverTooLate(): Promise<object> {
  let answerNow: (() => void) | undefined;
  resolver((answer) => {
    answerNow = () => answer(["::1", "127.0.0.1"]);
  });
  const clock = new VirtualClock();
  const dialled = failure(dial(1, clock));
  await clock.runFor(seconds(10));
  const outcome = await dialled;
  answerNow?.();
  return { ...outcome, later: await later(clock) };
}

/** The name takes six seconds; then there is a connection and no handshake. */
async function slowInBothParts(): Promise<object> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  let answerNow: (() => void) | undefined;
  resolver((answer) => {
    answerNow = () => answer(["127.0.0.2", "127.0.0.1"]);
  });
  const clock = new VirtualClock();
  const dialled = failure(dial((server.address() as AddressInfo).port, clock));
  await clock.runFor(seconds(6));
  answerNow?.();
  const [near] = (await once(server, "connection")) as [Socket];
  near.on("error", () => undefined);
  await once(near, "data"); // the handshake's first message
  await clock.runFor(seconds(4));
  const outcome = await dialled;
  await once(near.resume(), "close");
  server.close();
  return { ...outcome, later: await later(clock) };
}

const CASES: Record<string, () => Promise<object>> = {
  "an IPv6 address first": () => secondAddress("::1"),
  "two IPv4 addresses": () => secondAddress("127.0.0.2"),
  "no address": noAddress,
  "a resolver that is too late": resolverTooLate,
  "slow in both parts": slowInBothParts,
};

function dial(port: number, clock: Clock) {
  const dialer = new TlsDialer({ identitySeed: seed(2), suite, sizes, clock });
  const expectedKey = linkKeyOf(suite, seed(1));
  return dialer.dial({ address: `node.example:${port}`, expectedKey, protocol: "starling-node/2" });
}

async function failure(dialled: Promise<unknown>): Promise<object> {
  try {
    await dialled;
    return { code: "a link" };
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    return { code, message };
  }
}

/** How many timers were left behind. */
async function later(clock: VirtualClock): Promise<number> {
  const { ran } = clock;
  await clock.runFor(seconds(60));
  return clock.ran - ran;
}

type Answer = (addresses: readonly string[]) => void;

/** node:net asks `dns.lookup` for all addresses of a name. */
function resolver(asked: (answer: Answer) => void): void {
  const lookup = (_name: string, _options: object, callback: (error: null, addresses: dns.LookupAddress[]) => void) =>
    asked((addresses) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      ),
    );
  Object.assign(dns, { lookup });
}

const run = CASES[process.argv[2] ?? ""];
if (run === undefined) throw new Error("There is no such case.");
process.stdout.write(JSON.stringify(await run()));
