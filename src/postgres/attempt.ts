import { type DatabaseError, isDatabaseError, type Session } from "../core/session.ts";
import { isRefusal } from "./sqlstate.ts";

/**
 * Does something with rows in a savepoint. What the server says of their data undoes it and is the result;
 * undefined when it takes them. Other errors are thrown.
 */
export const attempt = async (
  session: Session,
  work: () => Promise<void>,
): Promise<DatabaseError | undefined> => {
  await session.begin();
  try {
    await work();
    await session.commit();
    return undefined;
  } catch (error) {
    await session.rollback();
    if (isDatabaseError(error) && isRefusal(error.code)) return error;
    throw error;
  }
};
