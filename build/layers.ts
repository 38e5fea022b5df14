/**
 * Checks who imports whom, over every way a module can be named: import, export from, import(), import types, require,
 * and `new URL("./x.ts", import.meta.url)`; and a few rules on text that no linter knows. Rules: build/layer-rules.ts
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";
import { COLOURS_IN, COMPUTED_IN, KEPT, LAYERS, LOADED_BY, WIPES_IN, WITHOUT_NODE } from "./layer-rules.ts";

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export function check(file: SourceFile): string[] {
  const found = [...checkMachineNames(file)];
  if (/\.[cm]?[jt]sx?$/.test(file.path)) {
    const { imports, wipes, errors } = read(file);
    found.push(...errors, ...imports.flatMap((one) => checkImport(file.path, one)));
    if (wipes && file.path !== WIPES_IN && !within(file.path, "test")) {
      found.push(`calls .fill(0); only ${WIPES_IN} wipes, through withSecret or wipe`);
    }
  }
  if (within(file.path, "renderer") && file.path !== COLOURS_IN) found.push(...checkColours(file));
  return found.map((sentence) => `${file.path}: ${sentence}`);
}

function checkImport(from: string, { specifier, isTypeOnly }: Import): string[] {
  if (specifier === undefined) {
    const allowed = ["test", "build", ...COMPUTED_IN].some((place) => within(from, place));
    return allowed ? [] : ["imports a module whose name is computed"];
  }
  const target = resolve(from, specifier);
  if (target === undefined) return checkForeign(from, specifier);
  return [...checkOwn(from, target), ...(isTypeOnly ? [] : checkLoaded(from, target))];
}

function checkLoaded(from: string, target: string): string[] {
  const rule = LOADED_BY.find(({ at }) => within(target, at));
  if (rule === undefined || rule.by.some((place) => within(from, place))) return [];
  return [`may not load ${target}: it runs in a thread of its own`];
}

function checkOwn(from: string, target: string): string[] {
  const layer = LAYERS.find(({ at }) => within(from, at));
  const own = layer !== undefined && within(target, layer.at) && LAYERS.find(({ at }) => within(target, at)) === layer;
  if (own || layer?.may.some((allowed) => within(target, allowed))) return [];
  return [`may not import ${target}`];
}

function checkForeign(from: string, specifier: string): string[] {
  const found: string[] = [];
  if (isBuiltin(specifier) && WITHOUT_NODE.some((place) => within(from, place))) {
    found.push(`imports ${specifier}, but runs where there is no Node`);
  }
  for (const { module, only, why } of KEPT) {
    const fits = module.endsWith("*")
      ? specifier.startsWith(module.slice(0, -1))
      : specifier === module || specifier.startsWith(`${module}/`);
    if (fits && !only.some((place) => within(from, place))) found.push(`may not import ${specifier}: ${why}`);
  }
  return found;
}

/** The repository's path that a specifier names, or undefined for a package or built-in. */
function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  if (specifier === "#transport") return "transport/index.ts";
  return specifier.startsWith("#") ? specifier.slice(1) : undefined;
}

const within = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

interface Import {
  /** Undefined stands for a name that is computed. */
  readonly specifier: string | undefined;
  /** Nothing is loaded: `import type`. */
  readonly isTypeOnly: boolean;
}

interface Read {
  readonly imports: readonly Import[];
  readonly wipes: boolean;
  readonly errors: readonly string[];
}

function read({ path, text }: SourceFile): Read {
  const { program, errors } = parseSync(path, text);
  const imports: Import[] = [];
  const add = (source: unknown, isTypeOnly = false): void => {
    imports.push({ specifier: literal(source), isTypeOnly });
  };
  let wipes = false;
  visit(program, (node) => {
    switch (node["type"]) {
      case "ImportDeclaration":
      case "ExportAllDeclaration":
      case "ExportNamedDeclaration":
      case "ImportExpression":
      case "TSImportType":
        if (node["source"]) {
          const kind = node["importKind"] ?? node["exportKind"];
          add(node["source"], kind === "type" || node["type"] === "TSImportType");
        }
        break;
      case "TSExternalModuleReference":
        add(node["expression"]);
        break;
      case "NewExpression": {
        const [first, second] = node["arguments"] as Node[];
        if (name(node["callee"]) === "URL" && second !== undefined && sliceOf(text, second) === "import.meta.url") {
          const target = literal(first);
          if (target !== undefined && /\.[cm]?[jt]sx?$/.test(target)) add(first);
        }
        break;
      }
      case "CallExpression": {
        const callee = node["callee"] as Node;
        const called = sliceOf(text, callee);
        const [first] = node["arguments"] as Node[];
        if (called === "require" || called === "import.meta.resolve" || called === "vi.mock") add(first);
        const wiped = callee["type"] === "MemberExpression" && name(callee["property"]) === "fill";
        // `new Array(n).fill(0)` makes something; it wipes nothing.
        if (wiped && first?.["value"] === 0 && (callee["object"] as Node)["type"] !== "NewExpression") wipes = true;
        break;
      }
    }
  });
  return { imports, wipes, errors: errors.map(({ message }) => `cannot be parsed: ${message}`) };
}

type Node = Record<string, unknown>;

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, see);
  } else if (typeof value === "object" && value !== null) {
    const node = value as Node;
    if (typeof node["type"] === "string") see(node);
    for (const child of Object.values(node)) visit(child, see);
  }
}

function literal(node: unknown): string | undefined {
  const inner = (node as Node | undefined)?.["type"] === "TSLiteralType" ? (node as Node)["literal"] : node;
  const value = (inner as Node | undefined)?.["value"];
  return typeof value === "string" ? value : undefined;
}

const name = (node: unknown): unknown => (node as Node | undefined)?.["name"];
const sliceOf = (text: string, node: Node): string => text.slice(node["start"] as number, node["end"] as number);

/** Hexadecimal colours and colour functions. In scripts only where a string is nothing else. */
const COLOUR = String.raw`#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(`;

function checkColours({ path, text }: SourceFile): string[] {
  const pattern = path.endsWith(".css") ? COLOUR : `["'\`](?:${COLOUR})`;
  const found = new RegExp(pattern, "i").exec(text.replaceAll(/\/\*[\s\S]*?\*\//g, ""));
  return found === null ? [] : [`names the colour ${found[0]}; colours stand in ${COLOURS_IN}`];
}

/** Folders of one machine and addresses that packages came from have no place in the repository. */
const MACHINE_NAMES = [
  {
    pattern: new RegExp(String.raw`(?<![\w.~-])/(?:${["work", "root", "farm", "Users"].join("|")})/`),
    what: "a machine's path",
  },
  { pattern: new RegExp(String.raw`"resolved": *"https?:|regist${"ry"}\.npm`), what: "a package registry's address" },
];

function checkMachineNames({ text }: SourceFile): string[] {
  return MACHINE_NAMES.flatMap(({ pattern, what }) => {
    const found = pattern.exec(text);
    return found === null ? [] : [`names ${what}: ${found[0]}`];
  });
}

export function repositoryFiles(root: string): SourceFile[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  return listed
    .toString("utf8")
    .split("\0")
    .filter((path) => /\.(?:[cm]?[jt]sx?|json|css|html|md|sh|ya?ml|eml|asc)$|^\.(?:ci\/run|npmrc)$/.test(path))
    .flatMap((path) => {
      try {
        return [{ path, text: readFileSync(posix.join(root, path), "utf8") }];
      } catch {
        return []; // deleted, not yet committed
      }
    });
}

if (import.meta.main) {
  const files = repositoryFiles(fileURLToPath(new URL("..", import.meta.url)));
  const found = files.flatMap(check);
  for (const sentence of found) console.error(sentence);
  console.error(found.length === 0 ? `${files.length} files keep the layers.` : `${found.length} violations.`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
