// Bundles the tests with hosts that are fakes, and runs them.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = mkdtempSync(join(tmpdir(), "satama-guest-"));

/** `satama:services/cache@0.1.0` is `fake/cache.ts`. */
const fakes = {
  name: "fakes",
  setup({ onResolve }) {
    onResolve({ filter: /^(satama|wasi):/ }, ({ path }) => {
      const name = path.replace(/^.*\/(.*)@.*$/, "$1");
      return { path: join(here, "fake", `${name}.ts`) };
    });
  },
};

try {
  const tests = readdirSync(here).filter((file) => file.endsWith(".test.ts"));
  await build({
    entryPoints: tests.map((file) => join(here, file)),
    // What a failure logs is no news here.
    banner: { js: "console.error = () => {};" },
    bundle: true,
    format: "esm",
    outdir: out,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    plugins: [fakes],
    sourcemap: "inline",
    target: "node20",
  });
  const bundles = readdirSync(out).map((file) => join(out, file));
  const args = ["--enable-source-maps", "--test", ...bundles];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  rmSync(out, { recursive: true });
}
