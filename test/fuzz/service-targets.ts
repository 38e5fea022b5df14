/** What services behind the mixnet are asked by nobody in particular. */

import { haveService } from "#provider-server/services/have.ts";
import { VirtualClock } from "#test/support/virtual-clock.ts";
import { keysService } from "#provider-server/services/keys.ts";
import type { Service } from "#provider-server/services/service.ts";
import { SeededRandom } from "#test/support/seeded-random.ts";
import { Writer } from "#transport/core/bytes.ts";
import { TransportError } from "#transport/core/errors.ts";
import { frameBody } from "#transport/sphinx/framed-body.ts";
import { TOKEN_BYTES } from "#transport/sphinx/limits.ts";
import { decodeServiceRequest } from "#transport/sphinx/service-payload.ts";
import type { Target } from "./fuzz.ts";
import type { Traffic } from "./traffic.ts";

export function serviceTargets({ geometry }: Traffic): Target[] {
  const random = new SeededRandom("fuzz services");
  const request = (name: string, body: Uint8Array): Uint8Array =>
    new Writer()
      .text16(name)
      .raw(random.bytes(geometry.surbBytes))
      .raw(random.bytes(TOKEN_BYTES))
      .bytes32(body)
      .finish();
  return [
    {
      name: "service request",
      dependsOnSuite: true,
      corpus: [request("keys", random.bytes(30)), request("have", random.bytes(0))],
      decode: (framed) => {
        if (framed.length > geometry.replyBytes) throw new TransportError("MALFORMED");
        void decodeServiceRequest(geometry, frameBody(geometry, framed, random));
      },
      takesChanged: "some",
    },
    asked(keysService({ record: () => new Uint8Array(1500) }), [
      new Writer().text16("alice@a.example").finish(),
      new Writer().text16("Zoë@ü.example").finish(),
    ]),
    asked(haveService({ clock: new VirtualClock(), mailboxes: { have: (_, hashes) => hashes.map(() => true) } }), [
      new Writer().raw(random.bytes(32)).u16(2).raw(random.bytes(32)).finish(),
      new Writer().raw(random.bytes(32)).u16(0).finish(),
    ]),
  ];
}

function asked(service: Service, corpus: readonly Uint8Array[]): Target {
  return {
    name: `question to ${service.name}`,
    corpus,
    decode: (bytes) => {
      if (service.answer(bytes) === undefined) throw new TransportError("MALFORMED");
    },
    takesChanged: "some",
  };
}
