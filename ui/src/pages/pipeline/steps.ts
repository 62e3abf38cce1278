import type { Status, Task } from "@/api/types";

export type StepState = "waiting" | "queued" | "running" | "completed" | "cached" | "failed" | "stopped" | "skipped" | "not run";

/** A step of a run, as far as it has come. */
export interface Step {
  name: string;
  parents: string[];
  state: StepState;
  /** The task that does it, once there is one. */
  id: string | null;
  seconds: number | null;
  started: string | null;
  /** What the pipeline gives to it, as it says it: values, or where they come from. */
  parameters: [string, string][];
  queue: string | null;
  base: string | null;
}

/** What a controller writes about a step. */
export interface Node {
  name: string;
  parents: string[];
  task: string | null;
  status: string;
  started: number | null;
  ended: number | null;
  parameters: [string, string][];
  queue: string | null;
  base: string | null;
}

const ENDED: readonly Status[] = ["completed", "published", "closed", "failed", "stopped"];
const STATES: Partial<Record<Status, StepState>> = {
  queued: "queued",
  in_progress: "running",
  completed: "completed",
  published: "completed",
  publishing: "completed",
  closed: "completed",
  failed: "failed",
  stopped: "stopped",
};

/** The graph that a controller keeps among the configuration of its task; null if it keeps none that can be read. */
export function graphOf(run: Task): Node[] | null {
  let found: unknown;
  try {
    found = JSON.parse(run.configuration?.Pipeline?.value ?? "null");
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
  const entries = Object.entries(found).filter((entry): entry is [string, Record<string, unknown>] => typeof entry[1] === "object" && entry[1] !== null);
  const names = new Set(entries.map(([name]) => name));
  return entries.map(([name, said]) => ({
    name,
    parents: Array.isArray(said.parents) ? [...new Set(said.parents.map(String))].filter((parent) => names.has(parent) && parent !== name) : [],
    task: text(said.executed) ?? text(said.job_id),
    status: text(said.status) ?? "",
    started: typeof said.job_started === "number" ? said.job_started : null,
    ended: typeof said.job_ended === "number" ? said.job_ended : null,
    parameters: typeof said.parameters === "object" && said.parameters !== null ? Object.entries(said.parameters).map(([key, value]) => [key, worded(value)]) : [],
    queue: text(said.queue),
    base: text(said.base_task_id),
  }));
}

/** The steps of a run. Tasks know how far they are before their controller has written it. */
export function stepsOf(run: Task, nodes: readonly Node[] | null, tasks: readonly Task[], now: number): Step[] {
  if (nodes === null)
    return tasks
      .filter((task) => idOf(task.parent) === run.id && !task.system_tags?.includes("pipeline"))
      .sort((a, b) => (a.created ?? "").localeCompare(b.created ?? ""))
      .map((task) => ({ name: task.name, parents: [], state: stateOf(task), id: task.id, seconds: secondsOf(task, now), started: task.started ?? null, parameters: [], queue: null, base: null }));
  const known = new Map(tasks.map((task) => [task.id, task]));
  const isNew = run.status === "created" || run.status === "queued";
  return nodes.map((node) => {
    const { name, parents, parameters, queue, base } = node;
    const same = { name, parents, parameters, queue, base };
    const task = node.task === null || isNew ? undefined : known.get(node.task);
    // A run that was started from another one begins with what that one wrote.
    const isOld = task !== undefined && node.status !== "cached" && run.status === "in_progress" && idOf(task.parent) !== run.id && (task.started ?? "") < (run.started ?? "");
    if (isNew || isOld) return { ...same, state: "waiting", id: null, seconds: null, started: null };
    if (task === undefined) {
      const ran = node.started !== null && node.ended !== null ? node.ended - node.started : null;
      return { ...same, state: said(node, run), id: null, seconds: ran, started: node.started === null ? null : new Date(node.started * 1_000).toISOString() };
    }
    return { ...same, state: node.status === "cached" ? "cached" : stateOf(task), id: task.id, seconds: secondsOf(task, now), started: task.started ?? null };
  });
}

/** How many steps are in each state, those that are done first. */
export function countsOf(steps: readonly Step[]): [StepState, number][] {
  const order: StepState[] = ["completed", "cached", "failed", "stopped", "running", "queued", "skipped", "not run", "waiting"];
  return order.map((state): [StepState, number] => [state, steps.filter((step) => step.state === state).length]).filter(([, many]) => many > 0);
}

/** How long a task has run, in seconds. */
export function secondsOf(task: Task, now = Date.now()): number | null {
  if (!task.started) return null;
  const end = task.status === "in_progress" ? now : task.completed ? Date.parse(task.completed) : null;
  return end === null ? (task.active_duration ?? null) : Math.max(0, (end - Date.parse(task.started)) / 1_000);
}

/** The version of a pipeline that a run says it is of. */
export function versionOf(run: Task): string {
  return text(run.runtime?.version) ?? run.hyperparams?.properties?.version?.value ?? "";
}

export function isOver(run: Task): boolean {
  return ENDED.includes(run.status);
}

export function idOf(named: { id: string } | string | null | undefined): string {
  return typeof named === "object" && named !== null ? named.id : (named ?? "");
}

function stateOf(task: Task): StepState {
  return STATES[task.status] ?? "waiting";
}

function said(node: Node, run: Task): StepState {
  if (node.status === "skipped" || node.status === "failed" || node.status === "completed" || node.status === "cached") return node.status;
  if (node.status === "aborted") return "stopped";
  if (isOver(run)) return node.started === null ? "not run" : "stopped";
  return node.status === "queued" || node.status === "running" ? node.status : "waiting";
}

function text(value: unknown): string | null {
  return typeof value === "string" && value ? value : null;
}

function worded(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
