/**
 * The daemon as an image for containers: an archive of the OCI image layout 1.0 that podman, skopeo and docker load. It holds
 * Debian's C library and what Node.js needs of it, the files of the Debian package, and no shell. docs/operating.md §5
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { architecture, fillDaemon, ROOT, release, settle, write } from "./daemon-tree.ts";
import { archivesIn, controlOf, downloadPackages, fieldOf, unpackArchive } from "./debian-archives.ts";
import { entries, writeTar } from "./tar.ts";

export interface ImageOptions {
  /** Folder of the archive. */
  readonly out: string;
  /** Folder of Debian packages to take the libraries from; this machine's apt fetches them unless told. */
  readonly libraries?: string | undefined;
  /** gzip's, 1 to 9. */
  readonly level: number;
}

/** Path of the archive, and the image's digest. */
export function buildImage({ out, libraries, level }: ImageOptions): { file: string; digest: string } {
  const machine = architecture();
  const { version, seconds } = release();
  const staging = mkdtempSync(join(tmpdir(), "starling-image-"));
  try {
    const base = join(staging, "base");
    const debs = libraries === undefined ? fetchLibraries(join(staging, "debs")) : archivesIn(libraries);
    fillBase(base, { debs, scratch: join(staging, "unpacked") });
    const daemon = join(staging, "daemon");
    fillDaemon(daemon);
    cpSync(join(ROOT, "build", "image", "starling-provider"), join(daemon, "usr/bin/starling-provider"));
    settle(daemon, seconds);

    const layout = join(staging, "layout");
    mkdirSync(join(layout, "blobs", "sha256"), { recursive: true });
    // The base bears no commit's time, so that it is the same for all of them, and fetched once.
    const layers = [
      addLayer(layout, base, { seconds: 0, level, what: `Debian's ${debs.map(nameAndVersion).join(", ")}` }),
      addLayer(layout, daemon, { seconds, level, what: "the daemon and its Node.js" }),
    ];
    const digest = addManifest(layout, { layers, machine, version, seconds });
    mkdirSync(out, { recursive: true });
    const file = join(out, `starling-provider_${version}_${machine}.oci.tar`);
    writeTar(file, layout, { seconds });
    return { file, digest };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Common for who is not root in an image, and of no account of Debian's. */
export const IMAGE_USER = 65532;
/** The user's alone. What is mounted there keeps them when the container goes. */
const OWNED = ["etc/starling", "var/lib/starling"];

/** Fetches what the Debian package depends on, but for systemd, which is the host's; returns the paths. */
export function fetchLibraries(folder: string): string[] {
  const control = readFileSync(join(ROOT, "build", "debian", "control"), "utf8");
  const [, depends = ""] = /^Depends: (.*)$/m.exec(control) ?? [];
  const names = depends.split(",").map((each) => each.trim().split(" ")[0] as string);
  const wanted = names.filter((name) => name !== "systemd");
  const debs = downloadPackages([...wanted, "base-files"], folder);
  // Where the compiler's libraries have their licence.
  const papers = new Set(debs.flatMap((deb) => /\bgcc-\d+-base\b/.exec(fieldOf(deb, "Depends")) ?? []));
  return downloadPackages([...papers], folder);
}

const nameAndVersion = (deb: string): string => `${fieldOf(deb, "Package")} ${fieldOf(deb, "Version")}`;

function fillBase(base: string, { debs, scratch }: { debs: readonly string[]; scratch: string }): void {
  for (const deb of debs) {
    const from = join(scratch, fieldOf(deb, "Package"));
    unpackArchive(deb, from);
    for (const path of entriesKept(from)) {
      // Debian 12 has some of them in /lib, which is a link since.
      const to = join(base, path.startsWith("lib") ? `usr/${path}` : path);
      mkdirSync(dirname(to), { recursive: true });
      copy(join(from, path), to);
    }
    // Where programs that look for known weaknesses in images without dpkg look.
    write(join(base, "var/lib/dpkg/status.d", fieldOf(deb, "Package")), controlOf(deb));
  }
  for (const name of ["lib", "lib64"]) symlinkSync(`usr/${name}`, join(base, name));
  for (const path of [...OWNED, "dev", "proc", "run", "sys", "tmp"]) mkdirSync(join(base, path), { recursive: true });
  write(
    join(base, "etc/passwd"),
    `root:x:0:0:root:/:/usr/sbin/nologin\nstarling:x:${IMAGE_USER}:${IMAGE_USER}:Starling:/etc/starling:/usr/sbin/nologin\n`,
  );
  write(join(base, "etc/group"), `root:x:0:\nstarling:x:${IMAGE_USER}:\n`);
  write(join(base, "etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n");
  for (const path of entries(base)) {
    const found = lstatSync(path);
    if (!found.isSymbolicLink()) chmodSync(path, found.isDirectory() || path.includes(".so") ? 0o755 : 0o644);
  }
  for (const path of OWNED) chmodSync(join(base, path), 0o700);
  chmodSync(join(base, "tmp"), 0o1777);
}

/** Shared libraries, their licences, and the release's name: neither locales nor tables of character sets. */
const entriesKept = (folder: string): string[] => {
  const kept =
    /^(?:(?:usr\/)?lib(?:64)?\/(?:[^/]+-linux-gnu\/)?[^/]+\.so[.\d]*|usr\/share\/doc\/[^/]+(?:\/copyright)?|usr\/lib\/os-release|etc\/os-release)$/;
  const found = entries(folder).map((path) => relative(folder, path));
  return found.filter((path) => kept.test(path) && !lstatSync(join(folder, path)).isDirectory()).toSorted();
};

/** A link as it is, though what it names may not be there yet. */
function copy(from: string, to: string): void {
  if (lstatSync(from).isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else copyFileSync(from, to);
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Layer extends Blob {
  /** Digest of what is in it. */
  readonly diffId: string;
  readonly what: string;
}

function addLayer(layout: string, tree: string, o: { seconds: number; level: number; what: string }): Layer {
  const tar = join(layout, "layer.tar");
  writeTar(tar, tree, { seconds: o.seconds, owner: (path) => (OWNED.includes(path) ? IMAGE_USER : 0) });
  const diffId = sha256(readFileSync(tar));
  // GNU's, and not Node's: that one packs in other ways on other processors.
  execFileSync("gzip", ["--no-name", `-${o.level}`, tar]);
  const blob = addBlob(layout, "application/vnd.oci.image.layer.v1.tar+gzip", `${tar}.gz`);
  return { ...blob, diffId, what: o.what };
}

interface Image {
  readonly layers: readonly Layer[];
  readonly machine: string;
  readonly version: string;
  readonly seconds: number;
}

/** Returns the digest of the manifest, which is the image's. */
function addManifest(layout: string, { layers, machine, version, seconds }: Image): string {
  const created = new Date(seconds * 1000).toISOString().replace(".000", "");
  const config = addJson(layout, "application/vnd.oci.image.config.v1+json", {
    created,
    architecture: machine,
    os: "linux",
    config: {
      User: `${IMAGE_USER}:${IMAGE_USER}`,
      Env: ["PATH=/usr/bin"],
      Entrypoint: ["/usr/bin/starling-provider"],
      Cmd: ["help"],
      WorkingDir: "/etc/starling",
      StopSignal: "SIGTERM",
      Labels: LABELS(version),
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ what }) => ({ created, created_by: what })),
  });
  const manifest = addJson(layout, MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  });
  // Tags know no tilde.
  const name = `localhost/starling-provider:${version.replace("~", "-")}`;
  const annotations = { "org.opencontainers.image.ref.name": name, "io.containerd.image.name": name };
  const index = { schemaVersion: 2, mediaType: INDEX, manifests: [{ ...manifest, annotations }] };
  write(join(layout, "index.json"), JSON.stringify(index));
  write(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  // For docker before it knew the layout: the same files under its own list.
  const files = { Config: pathOf(config), RepoTags: [name], Layers: layers.map(pathOf) };
  write(join(layout, "manifest.json"), JSON.stringify([files]));
  for (const path of entries(layout)) chmodSync(path, lstatSync(path).isDirectory() ? 0o755 : 0o644);
  return manifest.digest;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const LABELS = (version: string): Readonly<Record<string, string>> => ({
  "org.opencontainers.image.title": "starling-provider",
  "org.opencontainers.image.description": "authority, mix and mail provider of a Starling network",
  "org.opencontainers.image.version": version,
  "org.opencontainers.image.licenses": "Apache-2.0",
});

function addJson(layout: string, mediaType: string, value: unknown): Blob {
  const file = join(layout, "blob.json");
  write(file, JSON.stringify(value));
  return addBlob(layout, mediaType, file);
}

/** Moves a file to where its digest says. */
function addBlob(layout: string, mediaType: string, file: string): Blob {
  const bytes = readFileSync(file);
  const blob = { mediaType, digest: sha256(bytes), size: bytes.length };
  renameSync(file, join(layout, pathOf(blob)));
  return blob;
}

const pathOf = ({ digest }: Blob): string => `blobs/${digest.replace(":", "/")}`;
const sha256 = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
