import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { openClient, textOf } from "../../src/http/client.ts";

const run = promisify(execFile);
const { signal } = new AbortController();
const portOf = (server: Server) => (server.address() as AddressInfo).port;

const listening = async (server: Server): Promise<Server> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
};

/** A proxy as companies have them: CONNECT for https, whole URLs for http; it notes what it was asked. */
const startProxy = async (asked: string[]): Promise<Server> => {
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end("by proxy");
  });
  proxy.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.headers["proxy-authorization"] ?? ""}`.trim());
    const [, port] = (request.url ?? "").split(":");
    const target = connect(Number(port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      target.pipe(socket).pipe(target);
    });
    for (const end of [target, socket]) end.on("error", () => undefined);
  });
  return listening(proxy);
};

/** A process of its own: Node reads proxies' and certificates' variables when it starts. */
const fetchElsewhere = async (url: string, environment: Record<string, string>) => {
  const script = `
    const { openClient, textOf } = await import(${JSON.stringify(new URL("../../src/http/client.ts", import.meta.url).href)});
    const { networkReason } = await import(${JSON.stringify(new URL("../../src/http/retry.ts", import.meta.url).href)});
    await using client = openClient();
    try {
      const signal = AbortSignal.timeout(5000);
      console.log(await textOf(await client.send({ url: new URL(${JSON.stringify(url)}), signal }), 100));
    } catch (error) { console.log("failed: " + networkReason(error)); }`;
  const { PATH = "" } = process.env;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
    env: { PATH, ...environment },
  });
  return stdout.trim();
};

describe("an HTTP client", () => {
  let folder = "";
  let authority = "";
  let tls: Server;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    authority = join(folder, "ca.pem");
    const key = join(folder, "key.pem");
    const subject = [
      "-subj",
      "/CN=data.invalid",
      "-addext",
      "subjectAltName=DNS:data.invalid,IP:127.0.0.1",
    ];
    const kind = [
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
    ];
    await run("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", authority, ...subject]);
    const options = { key: await readFile(key), cert: await readFile(authority) };
    tls = await listening(createTlsServer(options, (_, response) => response.end("by tls")));
  });
  after(async () => {
    tls.close();
    await rm(folder, { recursive: true });
  });

  test("trusts the certificate authority of NODE_EXTRA_CA_CERTS, and says what to do without", async () => {
    const url = `https://127.0.0.1:${portOf(tls)}/`;
    assert.equal(await fetchElsewhere(url, { NODE_EXTRA_CA_CERTS: authority }), "by tls");
    assert.match(await fetchElsewhere(url, {}), /^failed: .*set NODE_EXTRA_CA_CERTS to its file$/);
  });

  test("goes through the proxy of HTTPS_PROXY and HTTP_PROXY, with its password, and around it by NO_PROXY", async () => {
    const asked: string[] = [];
    const proxy = await startProxy(asked);
    const at = `http://user:secret@127.0.0.1:${portOf(proxy)}`;
    const environment = { HTTPS_PROXY: at, HTTP_PROXY: at, NODE_EXTRA_CA_CERTS: authority };
    // A name that only the proxy knows.
    assert.equal(
      await fetchElsewhere(`https://data.invalid:${portOf(tls)}/`, environment),
      "by tls",
    );
    assert.equal(await fetchElsewhere("http://data.invalid/a", environment), "by proxy");
    assert.deepEqual(asked, [
      `CONNECT Basic ${Buffer.from("user:secret").toString("base64")}`,
      "GET http://data.invalid/a",
    ]);
    const around = { ...environment, NO_PROXY: "127.0.0.1" };
    assert.equal(await fetchElsewhere(`https://127.0.0.1:${portOf(tls)}/`, around), "by tls");
    assert.equal(asked.length, 2);
    proxy.closeAllConnections();
    proxy.close();
  });

  test("names the proxy that is not there or wants a password, by variable, host and port, without its password", async () => {
    const at = "http://user:hush@127.0.0.1:1";
    assert.equal(
      await fetchElsewhere("https://data.invalid/", { HTTPS_PROXY: at, HTTP_PROXY: at }),
      "failed: the proxy 127.0.0.1:1, which `HTTPS_PROXY` and `HTTP_PROXY` of the environment name, is not reached: connect ECONNREFUSED 127.0.0.1:1",
    );
    const nowhere = { HTTP_PROXY: "http://user:hush@proxy.invalid" };
    assert.match(
      await fetchElsewhere("http://data.invalid/", nowhere),
      /^failed: the proxy proxy\.invalid:80, which `HTTP_PROXY` of the environment names, is not reached: getaddrinfo /,
    );
    const strict = createServer();
    strict.on("connect", (_, socket) =>
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
    );
    const { port } = (await listening(strict)).address() as AddressInfo;
    assert.match(
      await fetchElsewhere("https://data.invalid/", { HTTPS_PROXY: `http://127.0.0.1:${port}` }),
      /wants a user and a password \(write it like http:\/\/USER:PASSWORD@127\.0\.0\.1:\d+\): Proxy response \(407\)/,
    );
    strict.close();
    // Another server that is not there is no fault of the proxy.
    assert.match(
      await fetchElsewhere("http://127.0.0.1:2/", { HTTP_PROXY: at, NO_PROXY: "127.0.0.1" }),
      /^failed: connect ECONNREFUSED 127\.0\.0\.1:2$/,
    );
  });

  test("says of a proxy that is no URL which variable is wrong", async () => {
    assert.match(
      await fetchElsewhere("https://127.0.0.1:1/", { HTTPS_PROXY: "proxy.example.org 3128" }),
      /^failed: HTTPS_PROXY or HTTP_PROXY in the environment is no URL of a proxy/,
    );
  });

  test("says who it is, and gives up on a server that is silent or sends too much", async () => {
    const agents: (string | undefined)[] = [];
    const server = await listening(
      createServer((request, response) => {
        agents.push(request.headers["user-agent"]);
        if (request.url === "/long") response.end("x".repeat(1000));
      }),
    );
    await using client = openClient({ contact: "you@example.org", silenceMs: 300 });
    const send = (path: string) =>
      client.send({ url: new URL(`http://127.0.0.1:${portOf(server)}${path}`), signal });
    await assert.rejects(send("/silent"), { code: "UND_ERR_HEADERS_TIMEOUT" });
    const long = await send("/long");
    await assert.rejects(textOf(long, 999), { message: "the answer is longer than 999 bytes" });
    assert.match(agents[0] ?? "", /^sinp-runner\/\d+\.\d+\.\d+ \(you@example\.org\)$/);
    server.closeAllConnections();
    server.close();
  });
});
