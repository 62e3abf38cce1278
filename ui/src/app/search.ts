import { call } from "@/api/client";
import { RUN_TYPES } from "@/api/kinds";
import { placeOf } from "@/api/pipelines";
import { aboutOf } from "@/api/reports";
import { nameOf } from "@/components/bits";

/** Something that a search found, and the way to it. */
export interface Found {
  kind: "Experiments" | "Datasets" | "Projects" | "Models" | "Pipelines" | "Reports" | "Queues";
  id: string;
  label: string;
  note?: string;
  to: string;
  search?: Record<string, string>;
}

const AN_ID = /^[0-9a-f]{32}$/i;

/** What has `text` in its name: some of each kind, what changed last first, and nothing that is archived. An id finds whatever it means. */
export async function lookFor(text: string, signal: AbortSignal): Promise<Found[]> {
  const fields = { pattern: text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), fields: ["name", "id"] };
  const isId = AN_ID.test(text);
  const inSight = isId ? [] : ["-archived"];
  const some = { _any_: fields, page: 0, page_size: 5, order_by: ["-last_update"], ...(isId ? {} : { system_tags: inSight }) };
  const [tasks, datasets, byId, projects, models, pipelines, reports, queues] = await Promise.all([
    call("tasks.get_all_ex", { ...some, page_size: 8, only_fields: ["name", "status", "type", "project.name"], system_tags: [...inSight, "-dataset"], type: RUN_TYPES }, signal),
    call("versions.datasets", { text, page: 0, page_size: 5, order: "-created" }, signal),
    isId ? call("versions.search", { ids: [text.toLowerCase()], include_archived: true, page_size: 1 }, signal) : null,
    call("projects.get_all_ex", { ...some, only_fields: ["name"] }, signal),
    call("models.get_all_ex", { ...some, only_fields: ["name", "framework"] }, signal),
    call("pipelines.find", { text, page: 0, page_size: 3 }, signal),
    call("reports.get_all_ex", { ...some, only_fields: ["name", "project.name"] }, signal),
    call("queues.get_all_ex", { _any_: fields, page: 0, page_size: 3, only_fields: ["name"] }, signal),
  ]);
  return [
    ...tasks.tasks.map((task): Found => ({ kind: "Experiments", id: task.id, label: task.name, note: nameOf(task.project), to: `/experiments/${task.id}` })),
    ...(byId?.versions ?? []).map((version): Found => ({ kind: "Datasets", id: version.id, label: `${version.name} ${version.version}`, note: version.project, to: `/datasets/${version.id}` })),
    ...datasets.datasets.map(({ newest }): Found => ({ kind: "Datasets", id: `dataset ${newest.id}`, label: newest.name, note: newest.project, to: `/datasets/${newest.id}` })),
    ...projects.projects.map((project): Found => ({ kind: "Projects", id: project.id, label: project.name, to: "/projects", search: { at: project.name } })),
    ...models.models.map((model): Found => ({ kind: "Models", id: model.id, label: model.name, ...(model.framework ? { note: model.framework } : {}), to: `/models/${model.id}` })),
    ...pipelines.pipelines.map(({ project }): Found => ({ kind: "Pipelines", id: `pipeline ${project.id}`, label: placeOf(project.name).name, note: placeOf(project.name).above, to: `/pipelines/${project.id}` })),
    ...reports.tasks.map((report): Found => ({ kind: "Reports", id: report.id, label: report.name, note: aboutOf(nameOf(report.project)), to: `/reports/${report.id}` })),
    ...queues.queues.map((queue): Found => ({ kind: "Queues", id: queue.id, label: queue.name, to: "/queues" })),
  ];
}
