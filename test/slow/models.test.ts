/** The models of docs/models.md with more kills and losses than in `npm test`; each search still comes to its end. */

import { test } from "node:test";
import { search } from "#test/models/search.ts";

test("six kills: a mix accepts no packet twice", () => search("replay", { flags: ["MAX_KILLS=6"] }));

test("four kills: no two lists of one epoch, and a list in time", () =>
  search("directory", { flags: ["MAX_KILLS=4"] }));
