import type { Session } from "../core/session.ts";

/**
 * Makes sessions that are all the same one: `begin` inside another's transaction is a savepoint.
 *
 * A source reads while the sink it feeds is in the middle of its transaction, and two rules keep them
 * apart. Statements run one after the other. And inside a savepoint that a session has set in a
 * transaction of its own, as a sink does for each chunk, the others wait until it is gone: else a
 * source's statement could come between a refused COPY and the rollback that mends the transaction.
 * So whoever holds a savepoint must not wait for another session.
 */
export const sharedSessions = (session: Session): (() => Promise<Session>) => {
  const turns = takeTurns();
  /** Whose the open transactions are, outermost first. */
  const open: object[] = [];
  return async () => {
    const me = {};
    const turn = <T>(statement: () => Promise<T>): Promise<T> => turns.take(me, statement);
    const own = () => open.filter((owner) => owner === me).length;
    const ended = () => {
      open.pop();
      if (own() < 2) turns.release(me);
    };
    /** Transactions end in the order in which they are nested; anything else would end another's. */
    const assertInnermost = () => {
      if (open.at(-1) !== me) throw new Error("the innermost transaction is another session's");
    };
    const rollback = () =>
      turn(async () => {
        if (own() === 0) return;
        assertInnermost();
        try {
          await session.rollback();
        } finally {
          ended();
        }
      });
    return {
      query: (sql, parameters) => turn(() => session.query(sql, parameters)),
      script: (sql) => turn(() => session.script(sql)),
      copyIn: (sql, data) => turn(() => session.copyIn(sql, data)),
      copyOut: (sql) => turn(() => session.copyOut(sql)),
      begin: () =>
        turn(async () => {
          await session.begin();
          open.push(me);
          if (own() >= 2) turns.hold(me);
        }),
      commit: () =>
        turn(async () => {
          if (own() === 0) throw new Error("commit without begin");
          assertInnermost();
          await session.commit();
          ended();
        }),
      rollback,
      async [Symbol.asyncDispose]() {
        while (own() > 0) await rollback();
      },
    };
  };
};

/** One after the other, and while somebody holds the turn, only they. */
const takeTurns = () => {
  let isBusy = false;
  let holder: object | undefined;
  let waiting: (() => void)[] = [];
  const wake = () => {
    const all = waiting;
    waiting = [];
    for (const go of all) go();
  };
  return {
    async take<T>(who: object, statement: () => Promise<T>): Promise<T> {
      while (isBusy || (holder !== undefined && holder !== who)) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      isBusy = true;
      try {
        return await statement();
      } finally {
        isBusy = false;
        wake();
      }
    },
    hold(who: object) {
      holder = who;
    },
    release(who: object) {
      if (holder === who) holder = undefined;
    },
  };
};
