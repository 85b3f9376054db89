/** Complaints that others may read. */

import type { Complaint } from "./complaint.ts";
import { withoutPasswords } from "./place.ts";

/** A complaint tells the value that is wrong; a secret may stand where it does not belong. */
export const discreet = (
  complaint: Complaint,
  environment: Readonly<Record<string, string | undefined>>,
): Complaint => {
  let message = withoutPasswords(complaint.message);
  for (const [name, value] of Object.entries(environment)) {
    if (!SECRET_NAME.test(name) || value === undefined || value.length < SECRET_LENGTH) continue;
    message = message
      .replaceAll(value, "***")
      .replaceAll(JSON.stringify(value).slice(1, -1), "***");
  }
  return { ...complaint, message };
};

/** Variables that are secret by their name. */
const SECRET_NAME = /PASSWORD|PASSWD|_PWD$|SECRET|TOKEN|API_?KEY/i;

/** A shorter value would blot out ordinary words. */
const SECRET_LENGTH = 6;
