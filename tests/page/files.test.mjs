// The page's files: small, their own, and those of others as they were taken.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { files } from "./mock.mjs";

const VENDOR = fileURLToPath(new URL("../../runtime/admin/page/vendor", import.meta.url));

test("all of it has 400 KiB at most", () => {
  const whole = [...files().values()].reduce((sum, { size }) => sum + size, 0);
  assert.ok(whole <= 400 << 10, `${whole} bytes`);
});

test("nothing is inline, from elsewhere, or markup from data", () => {
  for (const [path, { file }] of files()) {
    if (path.startsWith("/vendor/")) continue;
    const text = readFileSync(file, "utf8").replaceAll('xmlns="http://www.w3.org/2000/svg"', "");
    for (const never of [/https?:\/\//, /innerHTML|outerHTML|insertAdjacent|document\.write/, /\beval\(|new Function/, /style="/, /<style/, /<script>/, /\son[a-z]+="/]) {
      assert.doesNotMatch(text, never, path);
    }
  }
});

test("the page names all of its modules beforehand, and none that isn't there", () => {
  const all = files();
  const page = readFileSync(all.get("/").file, "utf8");
  const named = [...page.matchAll(/rel="modulepreload" href="([^"]+)"/g)].map(([, path]) => `/${path}`);
  const modules = [...all.keys()].filter((path) => /^\/(lib|views)\/|^\/vendor\/.*\.(esm|module)\.js$/.test(path));
  assert.deepEqual(named.sort(), modules.sort());
});

test("what others wrote is what its table says", () => {
  const table = readFileSync(`${VENDOR}/README.md`, "utf8");
  const rows = [...table.matchAll(/`([^`]+\.(?:js|css))` \| `([0-9a-f]{64})`/g)];
  assert.deepEqual(rows.map(([, name]) => `/vendor/${name}`).sort(), [...files().keys()].filter((path) => path.startsWith("/vendor/")).sort());
  for (const [, name, hash] of rows) assert.equal(createHash("sha256").update(readFileSync(`${VENDOR}/${name}`)).digest("hex"), hash, name);
});
