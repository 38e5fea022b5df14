/** The voter's part of a survey: one anonymous question to the survey's service, and what all have answered so far. */

import { randomUUID } from "node:crypto";
import { type JoinOptions, joinNetwork, type NetworkClient, utf8 } from "#transport";

export async function vote(o: JoinOptions & { at: string; choice: string }): Promise<Record<string, number>> {
  const client = await joinNetwork(o);
  try {
    return await castBallot(client, o);
  } finally {
    await client.close();
  }
}

export async function castBallot(client: NetworkClient, o: { at: string; choice: string }) {
  const ballot = randomUUID(); // a request may arrive twice: the service counts a ballot once
  const body = utf8(JSON.stringify({ ballot, choice: o.choice }));
  const answer = await client.request({ at: o.at, service: "survey", body });
  return JSON.parse(new TextDecoder().decode(answer)) as Record<string, number>;
}
