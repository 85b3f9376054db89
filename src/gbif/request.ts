import type { Complain } from "../core/complaint.ts";
import type { Context } from "../core/component.ts";
import type { Document } from "../core/document.ts";
import { plain } from "../core/yaml-value.ts";
import type { ResolvedRequest } from "./downloads.ts";

export const checkRequest = async (query: Document, complain: Complain): Promise<void> => {
  await query.read(complain);
};
export const readRequest = async (query: Document, _context: Context): Promise<ResolvedRequest> => {
  const value = await query.read(() => undefined);
  const body = plain(value as never) as { predicate: object };
  return { body, canonical: JSON.stringify(body.predicate) };
};
