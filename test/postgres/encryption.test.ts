import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefusedWay, sslAttempts, sslModeOf } from "../../src/postgres/encryption.ts";

const tcp = { host: "db.example.org", given: undefined };
const unverified = { rejectUnauthorized: false };

test("with and without TLS are tried as psql tries them; no mode is plain first, then what the server wants", () => {
  assert.deepEqual(sslAttempts("prefer", tcp), [unverified, false]);
  assert.deepEqual(sslAttempts("allow", tcp), [false, unverified]);
  assert.deepEqual(sslAttempts(undefined, tcp), [false, unverified]);
  assert.deepEqual(sslAttempts("disable", tcp), [false]);
  assert.deepEqual(sslAttempts("require", tcp), [unverified]);
  assert.deepEqual(sslAttempts("verify-full", tcp), [true]);
});

test("what the URL says of certificates stays, and is never loosened where the mode verifies", () => {
  const given = { ca: "a certificate" };
  assert.deepEqual(sslAttempts("verify-full", { ...tcp, given }), [given]);
  assert.deepEqual(sslAttempts("require", { ...tcp, given }), [given]);
  assert.deepEqual(sslAttempts(undefined, { ...tcp, given: true }), [true]);
  assert.deepEqual(sslAttempts("prefer", { ...tcp, given }), [{ ...given, ...unverified }, false]);
});

test("a Unix socket is never encrypted, whatever the mode", () => {
  const socket = { host: "/var/run/postgresql", given: undefined };
  assert.deepEqual(sslAttempts("require", socket), [false]);
});

test("the URL's mode counts before that of the environment", () => {
  const environment = { PGSSLMODE: "require" };
  assert.equal(sslModeOf("postgresql://h/d?x=1&sslmode=prefer", environment), "prefer");
  assert.equal(sslModeOf("postgresql://h/d", environment), "require");
  assert.equal(sslModeOf("postgresql://h/d", { PGSSLMODE: "" }), undefined);
});

test("another way is tried where the server refuses this one, not where it is away or the password wrong", () => {
  const error = (code: string, message = "") => Object.assign(new Error(message), { code });
  assert.ok(isRefusedWay(error("28000", 'no pg_hba.conf entry for host "::1", no encryption')));
  assert.ok(isRefusedWay(new Error("The server does not support SSL connections")));
  assert.ok(isRefusedWay(new Error("connection is insecure (try using `sslmode=require`)")));
  assert.ok(isRefusedWay(error("EPROTO", "write EPROTO: wrong version number")));
  for (const code of ["28P01", "3D000", "ECONNREFUSED", "ENOTFOUND"]) {
    assert.equal(isRefusedWay(error(code)), false);
  }
});
