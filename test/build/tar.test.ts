/** Archives that build/tar.ts writes, as GNU tar reads them. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { entries, writeTar } from "../../build/tar.ts";

const LONG = `${"a-folder/".repeat(11)}and-a-file.txt`;

test("what is in the folder is in the archive, with the owners and the time that were asked for", (t) => {
  const { folder, tree } = setUp(t);
  const file = join(folder, "one.tar");
  writeTar(file, tree, { seconds: 1_000_000_000, owner: (path) => (path === "kept" ? 65_532 : 0) });
  const listed = execFileSync("tar", ["--utc", "--numeric-owner", "-tvf", file], { encoding: "utf8" }).trim();
  const lines = listed.split("\n").map((line) => line.replace(/ +/g, " "));
  const [day, size] = ["2001-09-09 01:46", (name: string) => readFileSync(join(tree, name)).length];
  const folders = [...LONG.matchAll(/\//g)].map(({ index }) => `drwxr-xr-x 0/0 0 ${day} ${LONG.slice(0, index)}/`);
  assert.deepEqual(lines, [
    ...folders,
    `-rw-r--r-- 0/0 ${size(LONG)} ${day} ${LONG}`,
    `drwx------ 65532/65532 0 ${day} kept/`,
    `lrwxrwxrwx 0/0 0 ${day} link -> a-folder`,
    `-rwxr-xr-x 0/0 ${size("program")} ${day} program`,
  ]);
  const again = join(folder, "again");
  mkdirSync(again);
  execFileSync("tar", ["-xf", file, "-C", again]);
  for (const name of [LONG, "program"])
    assert.deepEqual(readFileSync(join(again, name)), readFileSync(join(tree, name)));
  assert.equal(readlinkSync(join(again, "link")), "a-folder");
});

test("another time on the disk makes the same bytes", (t) => {
  const { folder, tree } = setUp(t);
  const [one, two] = ["one.tar", "two.tar"].map((name) => join(folder, name)) as [string, string];
  writeTar(one, tree, { seconds: 0 });
  utimesSync(join(tree, "program"), 5, 5);
  writeTar(two, tree, { seconds: 0 });
  assert.deepEqual(readFileSync(two), readFileSync(one));
});

test("a link to a folder is not gone into, and a name that does not fit is refused", (t) => {
  const { folder, tree } = setUp(t);
  assert.ok(entries(tree).every((path) => !path.includes("/link/")));
  writeFileSync(join(tree, "n".repeat(101)), "");
  assert.throws(() => writeTar(join(folder, "one.tar"), tree, { seconds: 0 }), /^Error: n+ is too long a name/);
});

function setUp(t: TestContext): { folder: string; tree: string } {
  const folder = mkdtempSync(join(tmpdir(), "starling-tar-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const tree = join(folder, "tree");
  mkdirSync(join(tree, LONG, ".."), { recursive: true, mode: 0o755 });
  writeFileSync(join(tree, LONG), "text", { mode: 0o644 });
  writeFileSync(join(tree, "program"), "x".repeat(1537));
  chmodSync(join(tree, "program"), 0o755);
  mkdirSync(join(tree, "kept"), { mode: 0o700 });
  symlinkSync("a-folder", join(tree, "link"));
  return { folder, tree };
}
