import type { DatasetResults } from "./datasets";
import type { PipelineResults } from "./pipelines";
import type { ReportResults } from "./reports";
import type { Curve, Curves, ImageEvent, LogLine, Me, MetricValue, Model, Named, PlotEvent, Project, Task } from "./types";

/** What each call returns, of those that the page makes. */
export interface Results extends DatasetResults, PipelineResults, ReportResults {
  "users.get_current_user": { user: Me };
  "login.supported_modes": { sso_providers?: { name: string; url: string }[] };
  "organization.get_entities_count": Record<string, number>;
  "auth.create_credentials": { credentials: { access_key: string; secret_key: string } };
  "auth.get_credentials": { credentials: { access_key: string; label?: string; last_used?: string | null }[] };
  "auth.revoke_credentials": { revoked: number };
  "projects.get_all_ex": { projects: Project[] };
  "projects.get_unique_metric_variants": { metrics: { metric: string; variant: string; metric_hash: string; variant_hash: string }[] };
  "projects.get_hyper_parameters": { parameters: { section: string; name: string }[]; total: number };
  "projects.get_task_tags": { tags: string[] };
  "tasks.get_all_ex": { tasks: Task[]; total?: number; scroll_id?: string };
  "tasks.get_by_id_ex": { tasks: Task[] };
  "tasks.get_by_id": { task: Task };
  "tasks.archive_many": Many;
  "tasks.unarchive_many": Many;
  "tasks.enqueue_many": Many;
  "tasks.dequeue_many": Many;
  "tasks.reset_many": Many;
  "tasks.stop_many": Many;
  "tasks.delete_many": Many;
  "tasks.clone": { id: string };
  "models.get_all_ex": { models: Model[]; total?: number };
  "models.get_by_id_ex": { models: Model[] };
  "models.archive_many": Many;
  "models.unarchive_many": Many;
  "models.publish_many": Many;
  "models.delete_many": Many;
  "events.scalar_metrics_iter_histogram": Curves;
  "events.multi_task_scalar_metrics_iter_histogram": Record<string, Record<string, Record<string, Curve>>>;
  "events.scalar_metrics_iter_raw": { variants: Record<string, { y: number[]; iter?: number[]; timestamp?: (number | string)[] }>; returned: number; scroll_id: string };
  "events.get_log_lines": LogPart;
  "events.find_in_log": { count: number; lines: number[] };
  "events.get_multi_task_plots": { plots: Record<string, Record<string, Record<string, Record<string, { name: string; plots: PlotEvent[] }>>>> };
  "events.iterations": { tasks: { task: string; iterations: number[] }[] };
  "events.get_plot_sample": { events: PlotEvent[]; min_iteration: number | null; max_iteration: number | null };
  "events.get_task_plots": { plots: PlotEvent[]; total: number; scroll_id?: string };
  "events.get_task_single_value_metrics": { tasks: { task: string; values: { variant: string; value: number; metric?: string }[] }[] };
  "events.debug_images": { metrics: { task: string; iterations: { iter: number; events: ImageEvent[] }[] }[]; scroll_id?: string };
  "events.get_task_metrics": { metrics: { task: string; metrics: string[] }[] };
  "queues.get_all_ex": { queues: Queue[]; total?: number };
  "queues.get_queue_metrics": { queues: { queue: string; dates: number[]; avg_waiting_times: number[]; queue_lengths: number[] }[] };
  "workers.get_all": { workers: Worker[] };
  "workers.get_stats": { workers: WorkerStats[] };
  "workers.get_activity_report": Record<"total" | "active", { dates: number[]; counts: number[] }>;
  "server.get_stats": { counts: Record<string, number>; storage: { place: string } & Record<"files" | "versions", { count: number; size_bytes: number }> };
  "server.info": { build?: string; version?: string; api_version?: string };
  "users.update": { updated: number };
  "users.get_preferences": { preferences: Record<string, unknown> };
  "users.get_all_ex": { users: Account[] };
  "projects.validate_delete": { tasks?: number; models?: number; datasets?: number; reports?: number; pipelines?: number };
}

/** Some lines of a console, and of how many. */
export interface LogPart {
  total: number;
  first: number;
  lines: LogLine[];
}

export interface Account extends Named {
  role: string;
  active: boolean;
  email: string | null;
  last_login: string | null;
}

/** What was done to each of many, and what could not be. */
export interface Many {
  succeeded: { id: string }[];
  failed: { id: string; error: { msg: string } }[];
}

export interface Queue extends Named {
  entries?: { task: Named & { status?: string }; added?: string }[];
  tags?: string[];
  system_tags?: string[];
  workers?: { name?: string; task?: Named | null; ip?: string }[];
}

export interface WorkerStats {
  worker: string;
  metrics: { metric: string; dates: number[]; stats: { variant: string; aggregation: string; values: number[] }[] }[];
}

export interface Worker {
  id: string;
  ip?: string;
  user?: Named;
  task?: (Named & { running_time?: number; last_iteration?: number }) | null;
  project?: Named | null;
  queue?: Named & { num_tasks?: number };
  queues?: (Named & { num_tasks?: number })[];
  last_activity_time?: string;
  register_time?: string;
}

export type { MetricValue };
