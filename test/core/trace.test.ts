import assert from "node:assert/strict";
import { test } from "node:test";
import { context, trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { beginSpan } from "../../src/core/trace.ts";
import { postgresCopy } from "../../src/sinks/postgres-copy.ts";
import { onEachDatabase, type TestDatabase } from "../support/database.ts";
import { flowOf, rowsSource, run, stage } from "../support/flow.ts";

test("without an SDK in the process no span is made", async () => {
  const span = await beginSpan("runner.run", "0", {});
  assert.equal(span.child("x"), span);
  assert.equal(await span.within(async () => 7), 7);
});

const into = (table: string) =>
  stage(postgresCopy, { table, mode: "replace", create: { columns: { id: "int" } } });

/** The spans of a run whose second flow fails. */
const spansOf = async (database: TestDatabase) => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  try {
    await run(database, [
      flowOf({
        name: "good",
        source: rowsSource([{ id: "1" }, { id: "2" }]),
        sink: into("traced"),
      }),
      flowOf({ name: "bad", source: rowsSource([{ id: "x" }]), sink: into("traced_bad") }),
    ]);
    return [...exporter.getFinishedSpans()];
  } finally {
    await provider.shutdown();
    trace.disable();
    context.disable();
  }
};

onEachDatabase((database) => {
  test("a run, its flows and their commits are spans within each other, with counts and errors", async () => {
    const spans = await spansOf(database());
    const named = (name: string, flow?: string) =>
      spans.find(
        (span) =>
          span.name === name && (flow === undefined || span.attributes["runner.flow"] === flow),
      ) ?? assert.fail(`${name} ${flow}`);
    const whole = named("runner.run");
    const [good, bad] = [named("runner.flow", "good"), named("runner.flow", "bad")];
    assert.equal(whole.attributes["runner.status"], "failed");
    assert.equal(good.parentSpanContext?.spanId, whole.spanContext().spanId);
    assert.equal(good.attributes["runner.inserted"], 2);
    assert.match(bad.status.message ?? "", /^\S+ was rejected \(/);
    const commits = spans.filter(({ name }) => name === "runner.commit");
    assert.deepEqual(
      commits.map(({ parentSpanContext, attributes, status }) => [
        parentSpanContext?.spanId === good.spanContext().spanId ? "good" : "bad",
        attributes["runner.read"],
        status.code,
      ]),
      [
        ["good", 2, 0],
        ["bad", undefined, 2],
      ],
    );
  });
});
