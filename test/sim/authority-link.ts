/** Answers what comes on one link of an authority of the virtual network. */

import type { Authority } from "#provider-server/authority/authority.ts";
import { senderOf } from "#provider-server/authority/link-room.ts";
import type { Network } from "#transport/directory/model.ts";
import { decodeFrame, encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";

const NO_PACKETS = { packetBytes: 0, payloadBytes: 0 };

export function serveAuthority(link: Link, authority: Authority, network: Network): void {
  const from = senderOf(network, link.peer);
  link.onFrame((bytes) => {
    const frame = decodeFrame(bytes, { protocol: link.protocol, direction: "fromDialer", sizes: NO_PACKETS });
    link.send(encodeFrame(authority.handle(frame, from), NO_PACKETS));
  });
}
