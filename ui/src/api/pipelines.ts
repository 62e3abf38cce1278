import type { Many } from "./results";
import type { Named, Status, Task } from "./types";

/** A pipeline: the project of its runs, and the last of them, the newest first. */
export interface Pipeline {
  project: Named;
  runs: number;
  active: number;
  recent: { id: string; status: Status }[];
  last: Task;
}

/** What the calls about pipelines return. */
export interface PipelineResults {
  "pipelines.find": { pipelines: Pipeline[]; total: number };
  "pipelines.start_pipeline": { pipeline: string; enqueued: boolean; queue_watched?: boolean };
  "pipelines.delete_runs": Many;
}

/** Where a pipeline lies and what it is called, from the name of the project of its runs. */
export function placeOf(project: string): { name: string; above: string } {
  const at = project.lastIndexOf("/");
  const above = at < 0 ? "" : project.slice(0, at);
  return { name: project.slice(at + 1), above: above.replace(/(^|\/)\.pipelines$/, "") };
}
