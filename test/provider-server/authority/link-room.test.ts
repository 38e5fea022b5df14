/** How many links an authority keeps for whom, by how much may wait on them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { STRANGERS_ANSWERS_BYTES_MAX } from "#provider-server/authority/limits.ts";
import { LinkRoom, linksOfAuthorityMax } from "#provider-server/authority/link-room.ts";
import { testNetwork } from "#test/support/test-network.ts";
import { loadSuite } from "#transport/crypto/create-suite.ts";
import type { Link } from "#transport/link/link.ts";

const { network } = testNetwork({ suite: await loadSuite("x25519", "native") });

/** How many of `count` links of one sender stay open. */
function kept(room: LinkRoom, key: Uint8Array, count: number): { open: number; sender: number | "anyone" } {
  const open = new Set<number>();
  let sender: number | "anyone" = "anyone";
  for (let n = 0; n < count; n++) {
    open.add(n);
    let onClose: ((reason: string) => void) | undefined;
    const link: Pick<Link, "peer" | "close" | "onClose"> = {
      peer: { role: "directory", key },
      onClose: (handler) => {
        onClose = handler;
      },
      close: () => {
        open.delete(n);
        onClose?.("closed here");
      },
    };
    sender = room.add(link as Link);
  }
  assert.ok(open.has(count - 1), "the newest stays");
  return { open: open.size, sender };
}

test("strangers keep as many links as answers fit into memory, at least 64 and at most what is set; authorities have their own", () => {
  const stranger = new Uint8Array(32).fill(9);
  const authority = network.authorities[1]?.linkKey as Uint8Array;
  const room = (answerBytes: number) => new LinkRoom({ network, answerBytes: () => answerBytes });
  assert.deepEqual(kept(room(32 * 1024), stranger, 1000), { open: 768, sender: "anyone" });
  assert.deepEqual(kept(room(STRANGERS_ANSWERS_BYTES_MAX / 200), stranger, 1000), { open: 200, sender: "anyone" });
  assert.deepEqual(kept(room(STRANGERS_ANSWERS_BYTES_MAX / 10), stranger, 1000), { open: 64, sender: "anyone" });
  const full = room(32 * 1024);
  kept(full, stranger, 1000);
  assert.deepEqual(kept(full, authority, 100), { open: linksOfAuthorityMax(network), sender: 1 });
});
