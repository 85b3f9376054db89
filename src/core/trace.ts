/** Spans for whoever has an OpenTelemetry SDK in the process; without one, nothing is loaded or done. */

import type { Span as ApiSpan, Attributes, Context } from "@opentelemetry/api";
import { messageOf } from "./errors.ts";
import { withoutPasswords } from "./place.ts";

/** A stretch of time with a name, and those within it. */
export interface Span {
  child(name: string, attributes?: Attributes): Span;
  /** Does some work whose own spans (of HTTP, say) are to be within this one. */
  within<T>(work: () => Promise<T>): Promise<T>;
  /** Ends it, once; what comes later is not heard. */
  end(attributes?: Attributes, error?: unknown): void;
}

const NOTHING: Span = {
  child: () => NOTHING,
  within: (work) => work(),
  end: () => undefined,
};

/** Where every copy of OpenTelemetry's API looks for the SDK that was registered. */
const REGISTERED = Symbol.for("opentelemetry.js.api.1");

/** Begins a span that is within whatever the surroundings have begun. */
export const beginSpan = async (
  name: string,
  version: string,
  attributes: Attributes,
): Promise<Span> => {
  if (!(REGISTERED in globalThis)) return NOTHING;
  const { context, SpanStatusCode, trace } = await import("@opentelemetry/api");
  const tracer = trace.getTracer("runner", version);
  const begin = (own: string, parent: Context, ownAttributes: Attributes): Span => {
    const span: ApiSpan = tracer.startSpan(own, { attributes: ownAttributes }, parent);
    const inside = trace.setSpan(parent, span);
    return {
      child: (childName, childAttributes = {}) => begin(childName, inside, childAttributes),
      within: (work) => context.with(inside, work),
      end(endAttributes = {}, error) {
        if (!span.isRecording()) return;
        span.setAttributes(endAttributes);
        if (error !== undefined) {
          const message = withoutPasswords(messageOf(error));
          span.recordException({ name: "Error", message });
          span.setStatus({ code: SpanStatusCode.ERROR, message });
        }
        span.end();
      },
    };
  };
  return begin(name, context.active(), attributes);
};

/** Counts as attributes: `runner.read`, `runner.inserted`. */
export const countAttributes = (counts: object): Attributes =>
  Object.fromEntries(Object.entries(counts).map(([name, value]) => [`runner.${name}`, value]));
