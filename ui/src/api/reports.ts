import type { Task } from "./types";

/** A report: a task whose work is a text. */
export interface Report extends Task {
  report?: string;
  report_assets?: string[];
  last_change: string;
}

/** What the calls about reports return. */
export interface ReportResults {
  "reports.get_all_ex": { tasks: Report[]; total: number };
  "reports.create": { id: string; project_id: string };
  "reports.update": { updated: number; fields: { last_change: string } };
  "reports.get_tags": { tags: string[] };
  "reports.move": { project_id: string };
}

/** The project that a report is about, from the name of the one that it lies in. */
export function aboutOf(project: string): string {
  return project.replace(/(^|\/)\.reports$/, "");
}
