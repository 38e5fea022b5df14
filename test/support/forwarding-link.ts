/** A link that passes everything on, but for what somebody in between does to frames. */

import type { Link } from "#transport/link/link.ts";

export function forwardingLink(link: Link, changes: Partial<Pick<Link, "send" | "onFrame">>): Link {
  return {
    protocol: link.protocol,
    peer: link.peer,
    get writable() {
      return link.writable;
    },
    send: (frame) => link.send(frame),
    onFrame: (handler) => link.onFrame(handler),
    onClose: (handler) => link.onClose(handler),
    close: (how) => link.close(how),
    ...changes,
  };
}
