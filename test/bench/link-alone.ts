/** CPU time of a packet's frame over a TLS link, both ends in this process, beside a stream cipher over as many bytes. */

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { LIVE_PARAMETERS } from "#transport/core/parameters.ts";
import { SystemClock } from "#transport/core/system-clock.ts";
import { FRAME_TYPES, sendFrameBytes } from "#transport/link/frame-table.ts";
import type { Link } from "#transport/link/link.ts";
import { TlsDialer } from "#transport/link/tls-dialer.ts";
import { TlsListener } from "#transport/link/tls-listener.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import { linkKeyOf } from "#transport/link/link-key.ts";
import { geometry } from "#transport/sphinx/geometry.ts";
import { cpuOf } from "./cpu-time.ts";

export interface LinkAlone {
  /** Written, encrypted, sent, received, decrypted, put together: both ends and the kernel's part. */
  readonly frameUs: number;
  /** ChaCha20 over the frame, in place, twice: unlike AES-GCM from Node it takes no memory, and so always the same time. */
  readonly chachaUs: number;
}

const SIZES = geometry(LIVE_PARAMETERS);
const BLOCKS = 5;
const FRAMES = 2_000;
/** Fewer than fill the link's buffer. */
const AT_ONCE = 3;

export async function linkAlone(): Promise<LinkAlone> {
  const clock = new SystemClock();
  const seed = randomBytes(32);
  const suite = await loadSuite(LIVE_PARAMETERS.suite, "native");
  const listener = await TlsListener.listen({
    identitySeed: seed,
    suite,
    sizes: SIZES,
    clock,
    host: "127.0.0.1",
    port: 0,
    protocols: ["starling-client/2"],
  });
  const accepted = new Promise<Link>((resolve) => listener.onLink(resolve));
  const dialer = new TlsDialer({ identitySeed: randomBytes(32), suite, sizes: SIZES, clock });
  const expectedKey = linkKeyOf(suite, seed);
  const link = await dialer.dial({ address: listener.address, expectedKey, protocol: "starling-client/2" });
  const far = await accepted;
  try {
    let frameUs = Number.POSITIVE_INFINITY;
    for (let block = 0; block < BLOCKS; block++) {
      const before = process.cpuUsage();
      await sendAll(link, far, FRAMES);
      const { user, system } = process.cpuUsage(before);
      frameUs = Math.min(frameUs, (user + system) / FRAMES);
    }
    const [key, frame] = [randomBytes(32), new Uint8Array(sendFrameBytes(SIZES))];
    const chachaUs = 2 * cpuOf(() => suite.chacha20InPlace(key, frame));
    return { frameUs, chachaUs };
  } finally {
    link.close();
    await listener.close();
  }
}

/** Microseconds to encrypt and to decrypt so many bytes as TLS does, without TLS. */
export function cipherAlone(bytes: number): { readonly close: number; readonly open: number } {
  const [key, nonce, plain] = [randomBytes(32), randomBytes(12), randomBytes(bytes)];
  const close = (): { closed: Buffer; tag: Buffer } => {
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const closed = cipher.update(plain);
    cipher.final();
    return { closed, tag: cipher.getAuthTag() };
  };
  const { closed, tag } = close();
  const open = (): void => {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce).setAuthTag(tag);
    decipher.update(closed);
    decipher.final();
  };
  return { close: cpuOf(close), open: cpuOf(open) };
}

function sendAll(link: Link, far: Link, count: number): Promise<void> {
  const frame = new Uint8Array(sendFrameBytes(SIZES));
  frame[0] = FRAME_TYPES.send;
  let [sent, arrived] = [0, 0];
  const next = (): void => {
    if (sent < count && link.send(frame)) sent++;
  };
  return new Promise((resolve) => {
    far.onFrame(
      () => {
        arrived++;
        if (arrived === count) resolve();
        else next();
      },
      { lent: true },
    );
    for (let i = 0; i < AT_ONCE; i++) next();
  });
}
