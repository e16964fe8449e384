// Builds each page as one script and one style sheet with fixed names, so that it can be
// served from the package, or put whole into one file (src/plainwire/web/saved.py).
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { build } from "vite";

const PAGES = { page: "src/main.ts", path: "src/path/main.ts" };
const target = process.argv[2] ?? "../src/plainwire/web/static";
const fresh = `${target}.new`;

rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
for (const [name, entry] of Object.entries(PAGES)) {
  if (!existsSync(entry)) continue;
  await build({
    configFile: false,
    logLevel: "error",
    build: {
      outDir: fresh, emptyOutDir: false, target: "es2022", modulePreload: false, cssCodeSplit: false,
      lib: { entry, formats: ["iife"], name: `plainwire_${name}`, fileName: () => `${name}.js`, cssFileName: name },
    },
  });
}
rmSync(target, { recursive: true, force: true });
renameSync(fresh, target); // whole or not at all: a build that failed leaves the former one
