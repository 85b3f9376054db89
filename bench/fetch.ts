/** Fetches a file as the sources do, and prints how long that took: `node bench/fetch.ts URL PATH`. */

import { openClient } from "../src/http/client.ts";
import { fetchFile } from "../src/http/fetch-file.ts";

// Loaded when it is first needed; curl's libraries are loaded before its time begins, too.
await import("undici");

const [, , url = "", path = ""] = process.argv;
await using client = openClient();
const started = performance.now();
await fetchFile(new URL(url), { client, path, signal: new AbortController().signal });
console.log((performance.now() - started) / 1000);
