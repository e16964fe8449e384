// One script and one style sheet with fixed names, so that the page can be served from
// the package, or put whole into one file (src/plainwire/web/saved.py).
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "../src/plainwire/web/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    lib: { entry: "src/main.ts", formats: ["iife"], name: "plainwire", fileName: () => "page.js", cssFileName: "page" },
  },
  test: { include: ["tests/**/*.test.ts"] },
} as never);
