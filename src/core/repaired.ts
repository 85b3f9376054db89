/** The columns of a table of rejects that are not its record's: what each is called there. */
export const REJECT_COLUMNS = {
  flow: "reject_flow",
  code: "reject_code",
  message: "reject_message",
  place: "reject_place",
  id: "reject_id",
  record: "reject_record",
} as const;
