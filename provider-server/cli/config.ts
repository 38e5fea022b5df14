/**
 * A node's configuration: one JSON file with a strict schema. What is wrong with it is said in one sentence that names the file,
 * the key and what was expected. docs/operating.md
 */

import { dirname, resolve } from "node:path";
import { z } from "zod";
import { parseAddress } from "#transport/link/address.ts";
import { checkDomain, checkName } from "#transport/directory/texts.ts";
import { DNS_SERVERS_MAX } from "../authority/limits.ts";
import { webAddress } from "#transport/link/web-handshake.ts";
import { ServerError } from "../errors.ts";
import { UNWRAP_THREADS_MAX } from "../mix/unwrapping/limits.ts";
import { OPERATOR_SERVICES_MAX } from "../services/limits.ts";
import { isEverywhere, parseListenAddress, parseLoopbackAddress, parseResolverAddress } from "./listen-address.ts";
import { readGiven } from "./read-given.ts";

export type Config = z.infer<typeof schema>;
export type MixConfig = Extract<Config, { role: "mix" }>;
export type ProviderConfig = Extract<Config, { role: "provider" }>;
export type AuthorityConfig = Extract<Config, { role: "authority" }>;

/** Reads and checks a file; paths in it are relative to it and come back absolute. Throws CONFIG with the sentence. */
export function readConfig(path: string): Config {
  const text = readText(path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    // Where it is wrong, if the parser says so; what stands there is nobody's business.
    const [where = ""] = / \(line \d+ column \d+\)$/.exec(error instanceof Error ? error.message : "") ?? [];
    throw new ServerError("CONFIG", `${path}: expected JSON${where}.`);
  }
  const result = schema.safeParse(json);
  if (!result.success) throw new ServerError("CONFIG", `${path}: ${describe(result.error, json)}`);
  const unreachable = result.data.role === "authority" ? undefined : whyUnreachable(result.data);
  if (unreachable !== undefined) throw new ServerError("CONFIG", `${path}: address: ${unreachable}.`);
  return absolutePaths(result.data, dirname(resolve(path)));
}

/** What a node tells the others of itself, and a provider's invites its users, must lead to it. */
function whyUnreachable({ address: told, listen }: MixConfig | ProviderConfig): string | undefined {
  const expected = "expected host:port at which others reach this node";
  if (told !== undefined) return isEverywhere(told) ? expected : undefined;
  return isEverywhere(listen) ? `${expected}: listen names every address of this machine` : undefined;
}

const PATH_BYTES_MAX = 4096;
/** An operator lets in the applications that they know of. */
const WEB_ORIGINS_MAX = 64;

const path = (what: string) => {
  const error = `expected the path of ${what}`;
  return z.string({ error }).min(1, { error }).max(PATH_BYTES_MAX, { error });
};

const accepted = (check: (text: string) => unknown, error: string) =>
  z.string({ error }).refine(
    (text) => {
      try {
        check(text);
        return true;
      } catch {
        return false;
      }
    },
    { error },
  );

const address = accepted(parseAddress, "expected host:port");
const domain = accepted(checkDomain, "expected a domain in lower case, such as mail.example");
const operator = accepted(checkName, "expected a name of up to 64 letters, digits, spaces, dots, hyphens");
const id32 = z
  .string({ error: "expected 64 hexadecimal digits" })
  .regex(/^[0-9a-f]{64}$/, { error: "expected 64 hexadecimal digits" });
const count = (max: number) => {
  const error = `expected a whole number from 1 to ${max}`;
  return z.int({ error }).min(1, { error }).max(max, { error });
};
const THREADS = `expected a whole number from 0 to ${UNWRAP_THREADS_MAX}`;
const ORIGIN = "expected an origin such as https://app.example";
const SERVICE_NAME = "expected a name of up to 32 small letters, digits and hyphens that no service here has yet";
const object = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape, { error: objectError });

const common = {
  networkFile: path("the network file"),
  keyFile: path("this node's key file"),
  /** Where to listen; port 0 takes any free one. */
  listen: accepted(parseListenAddress, "expected host:port"),
  /** Where a collector on this machine gets its figures, and `status` too; nowhere unless named. */
  metricsListen: accepted(parseLoopbackAddress, "expected 127.0.0.1 or [::1] with a port").optional(),
};

const node = {
  ...common,
  /** Where others reach this node, if not at `listen`. */
  address: address.optional(),
  operator,
  /** Keys and replay logs; must lie in memory, so that a loss of power takes both. */
  memoryDirectory: path("a directory in memory").optional(),
  replayTagsMax: count(2 ** 28).optional(),
  delayQueuePacketsMax: count(10_000_000).optional(),
  /** Threads that unwrap packets; 0 leaves it to the first. */
  unwrapThreads: z
    .int({ error: THREADS })
    .min(0, { error: THREADS })
    .max(UNWRAP_THREADS_MAX, { error: THREADS })
    .optional(),
};

const schema = z.discriminatedUnion(
  "role",
  [
    object({ role: z.literal("mix"), ...node }),
    object({
      role: z.literal("provider"),
      ...node,
      domain,
      database: path("the database"),
      signUp: object({
        policy: z.enum(["open", "invite", "closed"], { error: 'expected "open", "invite" or "closed"' }),
        reserved: z
          .array(accepted(checkName, "expected a name"), { error: "expected a list of names" })
          .max(10_000, { error: "expected at most 10,000 names" })
          .optional(),
      }),
      /** Links for programs in browsers; none unless named. */
      webListen: object({
        listen: accepted(parseListenAddress, "expected host:port"),
        /** What those programs dial. */
        url: accepted(webAddress, "expected wss://host/path"),
        /** The pages that may, as browsers name them. */
        origins: z
          .array(z.string({ error: ORIGIN }).regex(/^https?:\/\/[a-z0-9.:[\]-]+$/, { error: ORIGIN }), {
            error: "expected a list of origins",
          })
          .min(1, { error: "expected at least one origin" })
          .max(WEB_ORIGINS_MAX, { error: `expected at most ${WEB_ORIGINS_MAX} origins` }),
        /** PEM; without them a proxy on this machine speaks TLS. */
        certificate: path("the web certificate").optional(),
        privateKey: path("the web certificate's key").optional(),
        /** The proxy writes X-Forwarded-For. */
        behindProxy: z.boolean({ error: "expected true or false" }).optional(),
      }).optional(),
      /** Services of the operator's own, each in a process of its own. */
      services: z
        .array(
          object({
            name: z.string({ error: SERVICE_NAME }).regex(/^(?!(?:keys|have|echo|box)$)[a-z][a-z0-9-]{0,31}$/, {
              error: SERVICE_NAME,
            }),
            module: path("a module that exports createService"),
            options: z.json({ error: "expected JSON" }).optional(),
            /** It may read and write here, and nowhere else. */
            folder: path("the folder in which it may read and write").optional(),
            reads: z.array(path("a file or folder that it may read"), { error: "expected a list of paths" }).optional(),
          }),
          { error: "expected a list of services" },
        )
        .max(OPERATOR_SERVICES_MAX, { error: `expected at most ${OPERATOR_SERVICES_MAX} services` })
        .refine((services) => new Set(services.map(({ name }) => name)).size === services.length, {
          error: "expected each name once",
        })
        .optional(),
    }),
    object({
      role: z.literal("authority"),
      ...common,
      dataDirectory: path("the directory for this authority's state"),
      /** Resolvers that say whose a provider's domain is, where `admit` does not. */
      dns: object({
        servers: z
          .array(accepted(parseResolverAddress, "expected an IP address and port, such as 127.0.0.1:53"), {
            error: "expected a list of IP addresses and ports",
          })
          .min(1, { error: "expected at least one address" })
          .max(DNS_SERVERS_MAX, { error: `expected at most ${DNS_SERVERS_MAX} addresses` }),
      }).optional(),
      /** The nodes that may join, by node id, and what each must say of itself. */
      admit: z
        .array(
          object({
            nodeId: id32,
            role: z.enum(["mix", "provider"], { error: 'expected "mix" or "provider"' }).optional(),
            operator: operator.optional(),
            domain: domain.optional(),
          }),
          { error: "expected a list of nodes" },
        )
        .max(100_000, { error: "expected at most 100,000 nodes" }),
    }),
  ],
  {
    error: (issue) =>
      issue.code === "invalid_union" ? 'expected "mix", "provider" or "authority"' : "expected an object",
  },
);

function objectError(issue: { code?: string | undefined }): string | undefined {
  return issue.code === "invalid_type" ? "expected an object" : undefined;
}

/** The first thing that is wrong. */
function describe(error: z.ZodError, json: unknown): string {
  const issue = error.issues[0];
  if (issue === undefined) return "expected something else.";
  if (issue.code === "unrecognized_keys") {
    const unknown = [...issue.path, issue.keys[0] ?? ""].join(".");
    return `${unknown}: there is no such key; expected ${knownKeys(issue.path, json)}.`;
  }
  const at = issue.path.length === 0 ? "the file" : issue.path.join(".");
  return `${at}: ${issue.message}.`;
}

/** The keys of the object at `at`, for the role that the file names. */
function knownKeys(at: readonly PropertyKey[], json: unknown): string {
  let current: unknown = schema.options.find((option) => option.shape.role.value === (json as { role: unknown }).role);
  for (const step of at) current = stepInto(current, step);
  const shape = current instanceof z.ZodObject ? Object.keys(current.shape) : [];
  return shape.join(", ");
}

function stepInto(type: unknown, step: PropertyKey): unknown {
  let inner = type;
  while (inner instanceof z.ZodOptional) inner = inner.unwrap();
  if (inner instanceof z.ZodArray) return inner.element;
  return inner instanceof z.ZodObject ? inner.shape[step as string] : undefined;
}

function absolutePaths(config: Config, base: string): Config {
  const absolute: Record<string, unknown> = { ...config };
  for (const key of PATHS) if (typeof absolute[key] === "string") absolute[key] = resolve(base, absolute[key]);
  const { webListen, services } = absolute as Partial<ProviderConfig>;
  const at = (file: string | undefined): string | undefined => file && resolve(base, file);
  if (webListen !== undefined) {
    const { certificate, privateKey } = webListen;
    absolute["webListen"] = { ...webListen, certificate: at(certificate), privateKey: at(privateKey) };
  }
  if (services !== undefined)
    absolute["services"] = services.map((own) =>
      Object.assign(
        {},
        own,
        { module: at(own.module) },
        own.folder !== undefined && { folder: at(own.folder) },
        own.reads !== undefined && { reads: own.reads.map(at) },
      ),
    );
  return absolute as Config;
}

const PATHS = ["networkFile", "keyFile", "memoryDirectory", "database", "dataDirectory"] as const;

const readText = (file: string): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    readGiven(file, { todo: "Name the configuration of a daemon (docs/operating.md §4)." }),
  );
