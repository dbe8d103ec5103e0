// Makes `dist/`, the package as it is published: JavaScript and declarations in place of TypeScript.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "src"), { recursive: true });

const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const options = ["--noEmit", "false", "--declaration", "--outDir", join(dist, "src")];
const imports = ["--allowImportingTsExtensions", "false", "--rewriteRelativeImportExtensions"];
const { status } = spawnSync(process.execPath, [tsc, "-p", root, ...options, ...imports], {
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);

// The declarations name it by where it is in `src`.
for (const file of readdirSync(join(dist, "src"), { recursive: true })) {
  if (!/\.(d\.ts|js)$/.test(file)) continue;
  const path = join(dist, "src", file);
  const from = dirname(file) === "." ? "." : "..";
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/path="[^"]*bindings\.d\.ts"/, `path="${from}/bindings.d.ts"`));
}

// What is ambient is not emitted; and what it imports has another name there.
const bindings = readFileSync(join(root, "src", "bindings.d.ts"), "utf8");
writeFileSync(join(dist, "src", "bindings.d.ts"), bindings.replaceAll('.ts")', '.js")'));

const {
  scripts: _,
  devDependencies: __,
  ...manifest
} = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
manifest.sideEffects = ["./src/globals.js"];
for (const [name, file] of Object.entries(manifest.exports)) {
  const built = file.replace(/\.ts$/, "");
  manifest.exports[name] = { types: `${built}.d.ts`, default: `${built}.js` };
}
writeFileSync(join(dist, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
copyFileSync(join(root, "README.md"), join(dist, "README.md"));
