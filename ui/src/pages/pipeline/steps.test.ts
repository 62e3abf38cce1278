import { expect, test } from "vitest";
import type { Task } from "@/api/types";
import { countsOf, graphOf, stepsOf } from "./steps";

const AT = Date.parse("2026-01-01T00:01:00Z");

function run(status: Task["status"], steps: Record<string, object>): Task {
  const value = JSON.stringify(steps);
  return { id: "run", name: "pipe", type: "controller", status, started: "2026-01-01T00:00:00Z", configuration: { Pipeline: { name: "Pipeline", value } } };
}

function task(id: string, status: Task["status"], more: Partial<Task> = {}): Task {
  return { id, name: id, type: "training", status, parent: { id: "run", name: "pipe" }, started: "2026-01-01T00:00:10Z", ...more };
}

function states(one: Task, tasks: Task[]) {
  return Object.fromEntries(stepsOf(one, graphOf(one), tasks, AT).map(({ name, state, id, seconds }) => [name, [state, id, seconds]]));
}

test("tasks say how far their steps are, and the graph says it of steps without one", () => {
  const one = run("in_progress", {
    load: { parents: [], executed: "a", status: "running" },
    train: { parents: ["load"], executed: null, job_id: "b", status: "queued" },
    late: { parents: ["train"], executed: null, status: "pending" },
    left: { parents: ["train"], status: "skipped" },
    gone: { parents: [], executed: "deleted", status: "completed", job_started: 10, job_ended: 14 },
    broke: { parents: [], executed: false, job_id: "c", status: "failed" },
  });
  const tasks = [task("a", "completed", { completed: "2026-01-01T00:00:15Z" }), task("b", "in_progress"), task("c", "failed", { completed: "2026-01-01T00:00:11Z" })];
  expect(states(one, tasks)).toEqual({
    load: ["completed", "a", 5],
    train: ["running", "b", 50],
    late: ["waiting", null, null],
    left: ["skipped", null, null],
    gone: ["completed", null, 4],
    broke: ["failed", "c", 1],
  });
});

test("a run that was copied from another one has no steps of its own yet", () => {
  const steps = { load: { parents: [], executed: "a", status: "completed" }, kept: { parents: [], executed: "k", status: "cached" } };
  const old = [task("a", "completed", { parent: { id: "other", name: "pipe" }, started: "2025-01-01T00:00:00Z" }), task("k", "completed", { parent: "other", started: "2025-01-01T00:00:00Z" })];
  expect(states(run("queued", steps), old)).toEqual({ load: ["waiting", null, null], kept: ["waiting", null, null] });
  expect(Object.values(states(run("in_progress", steps), old)).map(([state, id]) => [state, id])).toEqual([["waiting", null], ["cached", "k"]]);
});

test("what was not reached when a run ended was not run", () => {
  const one = run("failed", { a: { parents: [], status: "failed" }, b: { parents: ["a"], status: "pending" }, c: { parents: [], status: "running", job_started: 4 } });
  expect(countsOf(stepsOf(one, graphOf(one), [], AT))).toEqual([["failed", 1], ["stopped", 1], ["not run", 1]]);
});

test("a graph that is none is not drawn, and its tasks are the steps", () => {
  expect(graphOf({ ...run("completed", {}), configuration: { Pipeline: { name: "Pipeline", value: "{ no: json" } } })).toBeNull();
  expect(graphOf({ ...run("completed", {}), configuration: {} })).toBeNull();
  const children = [task("b", "completed", { created: "2026-01-02" }), task("a", "failed", { created: "2026-01-01" }), task("copy", "created", { system_tags: ["pipeline"] })];
  expect(stepsOf(run("completed", {}), null, children, AT).map(({ name, state }) => [name, state])).toEqual([["a", "failed"], ["b", "completed"]]);
});

test("a graph with odd parents is still a graph", () => {
  const nodes = graphOf(run("created", { a: { parents: ["a", "none", 5] }, b: { parents: ["a", "a"], parameters: { "General/n": "${pipeline.n}", deep: { x: 1 } } }, c: "text" as never }));
  expect(nodes?.map(({ name, parents, parameters }) => [name, parents, parameters])).toEqual([
    ["a", [], []],
    ["b", ["a"], [["General/n", "${pipeline.n}"], ["deep", '{"x":1}']]],
  ]);
});
