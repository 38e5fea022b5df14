/** Messages between members: each joins, one sends, another takes them as they come. */

import { diskStore, joinNetwork, type NetworkClient, utf8 } from "#transport";

export async function begin(invite: string, file: string, key: Uint8Array) {
  const client = await joinNetwork({ invite, name: "bea", store: await diskStore({ file, key }) });
  return client; // until client.close()
}

export async function write(client: NetworkClient, to: string, text: string) {
  const id = await client.send({ to, body: utf8(text) });
  // On this disk now. It leaves in slots that would else carry cover, and is sent again until it has arrived.
  return () => client.journey(id)?.delivery; // "queued", "mixing", "stored", "delivered"
}

export async function answerAll(client: NetworkClient, take: (text: string) => void) {
  for await (const message of client) {
    take(new TextDecoder().decode(message.body));
  } // done with one when the loop asks for the next; ends with client.close()
}

export async function takeOne(client: NetworkClient, keep: (id: Uint8Array, body: Uint8Array) => Promise<void>) {
  const message = await client.poll();
  if (message === undefined) return false; // the client was closed
  await keep(message.id, message.body); // under its id: taken twice is then taken once
  await message.done();
  return true;
}
