/**
 * Answers a window's requests: its own files, attachments out, attachments and mail files in. Knows neither sockets nor
 * Electron; each host decides who may ask before it asks here. Spec: docs/spec/10-contract.md §4
 */

import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { ATTACHMENT_PATH, type ErrorCode } from "../contract/contract.ts";
import { toMainError } from "../error.ts";
import type { Files } from "../files.ts";
import { bodyOf, readBody } from "./body.ts";
import { BODY_BYTES_MAX } from "./limits.ts";
import { PAGE_HEADERS } from "./policy.ts";

export interface WebOptions {
  readonly files: Files;
  /** The built page: a folder with index.html. */
  readonly pageDir: string;
}

export type Web = (request: Request) => Promise<Response>;

/** True for what only an admitted window may ask for. */
export function needsAdmission(path: string): boolean {
  return path.startsWith(`/${ATTACHMENT_PATH}`) || path.startsWith("/draft/");
}

export function createWeb(o: WebOptions): Web {
  return async (request) => {
    const url = new URL(request.url);
    try {
      if (!needsAdmission(url.pathname)) return await page(request, url.pathname, o.pageDir);
      return await bytes(request, url, o.files);
    } catch (error) {
      return failure(toMainError(error).code);
    }
  };
}

/** A refusal as JSON: `{ "error": { "code": … } }`. */
export function failure(code: ErrorCode): Response {
  return json({ error: { code } }, STATUS[code] ?? 500);
}

async function bytes(request: Request, url: URL, files: Files): Promise<Response> {
  const handle = ATTACHMENT.exec(url.pathname)?.[1];
  if (request.method === "GET" && handle !== undefined) return download(await files.attachment(handle));
  if (request.method !== "PUT") return failure("NOT_FOUND");
  const body = await readBody(request.body, BODY_BYTES_MAX);
  if (url.pathname === "/draft/import") return json(await files.importMail(body), 200);
  const draftId = UPLOAD.exec(url.pathname)?.[1];
  if (draftId === undefined) return failure("NOT_FOUND");
  const [name, type] = [url.searchParams.get("name") ?? "", url.searchParams.get("type") ?? ""];
  return json(await files.attach({ draftId, name, type, bytes: body }), 200);
}

const ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const ATTACHMENT = new RegExp(`^/${ATTACHMENT_PATH}(${ID})$`);
const UPLOAD = new RegExp(`^/draft/(${ID})/attachment$`);

/** Always a download, never a page at our origin, whatever the sender calls it. */
function download(file: { name: string; bytes: Uint8Array }): Response {
  return new Response(bodyOf(file.bytes), {
    headers: {
      ...PAGE_HEADERS,
      "Content-Security-Policy": "default-src 'none'; sandbox",
      "Content-Type": "application/octet-stream",
      "Content-Length": String(file.bytes.length),
      "Content-Disposition": `attachment; filename*=utf-8''${encodeURIComponent(file.name.toWellFormed())}`,
    },
  });
}

async function page(request: Request, path: string, pageDir: string): Promise<Response> {
  if (request.method !== "GET") return failure("REFUSED");
  const name = path === "/" ? "index.html" : path.slice(1);
  // Names that the build makes: no dots at the front of a part, so no way out of the folder.
  if (!/^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*$/.test(name)) return failure("NOT_FOUND");
  try {
    const content = await readFile(join(pageDir, name));
    const type = TYPES[extname(name)] ?? "application/octet-stream";
    return new Response(new Uint8Array(content), { headers: { ...PAGE_HEADERS, "Content-Type": type } });
  } catch {
    return failure("NOT_FOUND");
  }
}

function json(value: unknown, status: number): Response {
  return Response.json(value, { status, headers: PAGE_HEADERS });
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".json": "application/json",
};

const STATUS: Partial<Record<ErrorCode, number>> = {
  REFUSED: 403,
  LOCKED: 403,
  NOT_FOUND: 404,
  BAD_INPUT: 400,
  MESSAGE_TOO_LARGE: 413,
  DISK_FULL: 507,
};
