/**
 * Answers what comes on one link to an authority: one answer after the other, of which no more than one waits to leave, for all
 * that a link holds here is counted by that. Spec: docs/spec/08-directory.md §5.3
 */

import { TransportError } from "#transport/core/errors.ts";
import { decodeFrame, encodeFrame } from "#transport/link/frame.ts";
import type { Link } from "#transport/link/link.ts";
import type { Log } from "../observe/log.ts";
import type { Authority } from "./authority.ts";
import { QUESTIONS_PER_LINK_MAX } from "./limits.ts";
import type { LinkRoom } from "./link-room.ts";

export interface ServeDependencies {
  readonly authority: Pick<Authority, "handle">;
  readonly room: LinkRoom;
  readonly log: Pick<Log, "event">;
}

export function serveLink(link: Link, { authority, room, log }: ServeDependencies): void {
  const place = room.add(link);
  let questions = 0;
  let isAnswering = false;
  const isOver = (): void => {
    isAnswering = false;
    place.isServed();
    if (questions >= QUESTIONS_PER_LINK_MAX) link.close();
  };
  link.onFrame((bytes) => {
    // Whoever asks on without reading wants to fill our memory: programs of ours ask once.
    if (isAnswering) return link.close({ isDead: true });
    try {
      const frame = decodeFrame(bytes, { protocol: link.protocol, direction: "fromDialer", sizes: NO_PACKETS });
      const answer = encodeFrame(authority.handle(frame, place.sender), NO_PACKETS);
      questions++;
      // Whoever is sent away asks another authority at once, or again in a while.
      if (!place.serve(answer.length)) return link.close({ isDead: true });
      isAnswering = true;
      link.send(answer, isOver);
    } catch (error) {
      // A frame that is none ends the link; anything else (a full disk) is ours, and must not end the authority.
      log.event(
        error instanceof TransportError ? "closed a link: malformed frame" : `failed on a frame: ${String(error)}`,
      );
      link.close();
    }
  });
}

/** The directory protocol carries no packets. */
export const NO_PACKETS = { packetBytes: 0, payloadBytes: 0 };
