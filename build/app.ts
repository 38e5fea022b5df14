/**
 * Builds the desktop program into app/dist: the sources as JavaScript in the same folders, so that paths between files stay
 * true, the preload as one file, and the window's page. Packages are not bundled: the packager adds them.
 */

import { cpSync, globSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type InlineConfig, type Plugin } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "app", "dist");

export async function buildApp(): Promise<void> {
  const workers = globSync("{main,transport}/**/*worker.ts", { cwd: root });
  await build(
    bundle(["app/main.ts", ...workers], {
      format: "es",
      preserveModules: true,
      preserveModulesRoot: root,
      entryFileNames: "[name].js",
    }),
  );
  // A sandboxed preload can be no module and can import no file.
  await build(bundle(["app/preload.ts"], { format: "cjs", entryFileNames: "app/[name].cjs" }));
  cpSync(join(root, "renderer", "dist"), join(target, "renderer", "dist"), { recursive: true });
  for (const icon of globSync("app/*.png", { cwd: root })) cpSync(join(root, icon), join(target, icon));
}

type Output = Exclude<
  NonNullable<NonNullable<NonNullable<InlineConfig["build"]>["rolldownOptions"]>["output"]>,
  readonly unknown[]
>;

function bundle(files: readonly string[], output: Output): InlineConfig {
  const input = files.map((file) => join(root, file));
  return {
    configFile: false,
    root,
    logLevel: "warn",
    plugins: [namesOfWorkers],
    publicDir: false,
    build: {
      ssr: true,
      target: "node24",
      outDir: target,
      emptyOutDir: output.format === "es",
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        input,
        output,
        // No module of ours is imported for its effects. Else each thread would load all of the transport for one name of it.
        treeshake: { moduleSideEffects: false },
        external: ["electron", ...builtinModules, /^node:/],
      },
    },
    ssr: { external: true, target: "node" },
  };
}

/** `new URL("./worker.ts", import.meta.url)` names a source; the program needs the file that became of it. */
const namesOfWorkers: Plugin = {
  name: "names-of-workers",
  transform(code) {
    return { code: code.replaceAll(/(new URL\(["'][^"']+)\.ts(["'], import\.meta\.url\))/g, "$1.js$2"), map: null };
  },
};

if (import.meta.main) await buildApp();
