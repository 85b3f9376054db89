import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedSessions } from "../../src/postgres/shared.ts";
import { onEachDatabase } from "../support/database.ts";

onEachDatabase((database) => {
  describe("sessions that share one connection", () => {
    const made = async () => {
      const session = await database().opened.session();
      await session.script(
        "drop table if exists shared_rows; create table shared_rows (id int primary key)",
      );
      const open = sharedSessions(session);
      const ids = async () => {
        const { rows } = await session.query<{ id: number }>(
          "select id from shared_rows order by 1",
        );
        return rows.map(({ id }) => id);
      };
      return { session, open, ids };
    };

    test("a transaction inside another's is undone with it, and by itself", async () => {
      const { session, open, ids } = await made();
      const [outer, inner] = [await open(), await open()];
      await outer.begin();
      await inner.begin();
      await inner.query("insert into shared_rows values (1)");
      await inner.commit();
      await inner.begin();
      await inner.query("insert into shared_rows values (2)");
      await inner.rollback();
      assert.deepEqual(await ids(), [1]);
      await outer.rollback();
      assert.deepEqual(await ids(), []);
      await session[Symbol.asyncDispose]();
    });

    test("a session that is closed undoes what it began, and nothing else", async () => {
      const { session, open, ids } = await made();
      const [outer, inner] = [await open(), await open()];
      await outer.begin();
      await outer.query("insert into shared_rows values (1)");
      await inner.begin();
      await inner.query("insert into shared_rows values (2)");
      await inner[Symbol.asyncDispose]();
      await outer.commit();
      assert.deepEqual(await ids(), [1]);
      await session[Symbol.asyncDispose]();
    });

    test("whoever is not innermost cannot end a transaction", async () => {
      const { session, open } = await made();
      const [outer, inner] = [await open(), await open()];
      await outer.begin();
      await inner.begin();
      await assert.rejects(outer.commit(), /innermost/);
      await inner.rollback();
      await outer.rollback();
      await session[Symbol.asyncDispose]();
    });

    test("others wait while a savepoint is set, and are served between savepoints", async () => {
      const { session, open } = await made();
      const [sink, source] = [await open(), await open()];
      await sink.begin();
      await source.query("select 1");
      await sink.begin();
      let isServed = false;
      const waiting = source.query("select 1").then(() => {
        isServed = true;
      });
      await assert.rejects(sink.query("insert into shared_rows values (1), (1)"), {
        code: "23505",
      });
      assert.equal(isServed, false);
      await sink.rollback();
      await waiting;
      assert.equal(isServed, true);
      await sink.commit();
      await session[Symbol.asyncDispose]();
    });
  });
});
