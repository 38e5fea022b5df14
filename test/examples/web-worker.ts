/** A member of the network in a browser's worker. The page says who and where, and hears what comes. */

import { indexedDbStore, joinNetwork, type JoinOptions } from "#transport/browser.ts";

interface Wish extends Omit<JoinOptions, "store"> {
  /** From the provider's operator, with the invite: wss://… */
  readonly webLink: string;
  /** 32 bytes that the page keeps. */
  readonly key: Uint8Array;
  readonly choice: string;
  readonly note: string;
}

const { addEventListener, postMessage } = globalThis as unknown as {
  readonly addEventListener: (type: "message", listener: (event: { data: Wish }) => void) => void;
  readonly postMessage: (said: object) => void;
};

async function run({ key, choice, note, ...wish }: Wish): Promise<void> {
  const store = await indexedDbStore({ name: "starling", key });
  const client = await joinNetwork({ ...wish, store });
  postMessage({ address: client.address });
  const body = new TextEncoder().encode(JSON.stringify({ ballot: crypto.randomUUID(), choice }));
  const answer = await client.request({ at: "b.example", service: "survey", body });
  postMessage({ counts: JSON.parse(new TextDecoder().decode(answer)) as object });
  await client.send({ to: client.address, body: new TextEncoder().encode(note) });
  for await (const message of client) {
    postMessage({ message: new TextDecoder().decode(message.body) });
  }
}

addEventListener("message", ({ data }) => {
  run(data).catch((error: unknown) => postMessage({ failure: String(error) }));
});
