/** What PostgreSQL calls its conditions (appendix A of its manual), for the codes of rejects. */
export const CONDITIONS: Readonly<Record<string, string>> = {
  "22001": "string_data_right_truncation",
  "22003": "numeric_value_out_of_range",
  "22007": "invalid_datetime_format",
  "22008": "datetime_field_overflow",
  "22021": "character_not_in_repertoire",
  "22023": "invalid_parameter_value",
  "22032": "invalid_json_text",
  "22P02": "invalid_text_representation",
  "22P03": "invalid_binary_representation",
  "23000": "integrity_constraint_violation",
  "23502": "not_null_violation",
  "23503": "foreign_key_violation",
  "23505": "unique_violation",
  "23514": "check_violation",
  "23P01": "exclusion_violation",
  "54000": "program_limit_exceeded",
  P0001: "raise_exception",
  P0004: "assert_failure",
};

/** The reject code of an SQLSTATE: PostgreSQL's own name of the condition where it is a usual one. */
export const conditionName = (sqlstate: string): string =>
  CONDITIONS[sqlstate] ?? `sqlstate_${sqlstate.toLowerCase()}`;

/**
 * Whether an SQLSTATE says that this row will not do: its data (22), a constraint (23), a trigger's
 * `raise` (P0) or its size (54). Everything else is about the connection, rights, locks or disk.
 */
export const isRefusal = (sqlstate: string): boolean => /^(22|23|P0|54)/.test(sqlstate);

/** A unique index has the value already. */
export const UNIQUE_VIOLATION = "23505";
export const DEADLOCK = "40P01";
/** Of two transactions one must begin anew: `serialization_failure`, `deadlock_detected`. */
export const BEGIN_ANEW: readonly string[] = ["40001", DEADLOCK];
