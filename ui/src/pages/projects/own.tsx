import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Archive, ArchiveRestore, Ellipsis, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import { RUN_TYPES } from "@/api/kinds";
import type { Project } from "@/api/types";
import { tell } from "@/app/toasts";
import { Id, Tag, TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { count, duration } from "@/components/format";
import { RunLines } from "@/components/line";
import { Menu } from "@/components/menu";
import { Prose } from "@/components/prose";
import { Found } from "@/components/states";
import { Edit, Remove } from "./dialogs";

const ARCHIVED = "archived";
const FIELDS = ["id", "name", "status", "last_update"];
const RECENT = 6;

/** One project: how much is in it, what people say of it, what changed last. `isAway` where it or a project above it is archived. */
export function Own({ project, isAway }: { project: Project; isAway: boolean }) {
  const [asked, setAsked] = useState<"edit" | "delete" | null>(null);
  const client = useQueryClient();
  const isArchived = project.system_tags?.includes(ARCHIVED) ?? false;
  const stats = project.stats?.active;
  const what = useQuery({ queryKey: ["counts", { project: project.id }], queryFn: ({ signal }) => call("projects.validate_delete", { project: project.id }, signal) });
  const away: Record<string, string> = isAway ? { archived: "1" } : {};
  const counts: [string, number | undefined, number | undefined, string, Record<string, string>][] = [
    ["Runs", stats?.total_tasks, project.own_tasks, "/experiments", { project: project.id, ...away }],
    ["Models", what.data?.models, project.own_models, "/models", { project: project.id, ...away }],
    ["Datasets", project.stats?.datasets?.count, project.own_datasets, "/datasets", { q: project.name, ...away }],
  ];

  async function archive(on: boolean) {
    const tags = (project.system_tags ?? []).filter((tag) => tag !== ARCHIVED);
    await call("projects.update", { project: project.id, system_tags: on ? [...tags, ARCHIVED] : tags });
    await Promise.all(["projects", "tasks", "models", "versions"].map((what) => client.invalidateQueries({ queryKey: [what] })));
  }
  async function change(on: boolean) {
    try {
      await archive(on);
      tell(on ? `${project.name} is archived: it and what lies in it are not listed any more, and nothing is changed.` : `${project.name} and what lies in it are listed again.`, () => archive(!on));
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <section className="panel pad stack" aria-label={project.name}>
      <div className="row wrap">
        <div className="row wrap grow small soft">
          <Id of={project.id} />
          <span>
            changed <TimeAgo at={project.last_update} />
          </span>
          {stats?.total_runtime ? <span>ran {duration(stats.total_runtime)} in all</span> : null}
          {project.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>)}
          {isArchived ? <Tag>archived</Tag> : isAway ? <Tag>in an archived project</Tag> : null}
        </div>
        <div className="row">
          <Button icon={<Pencil />} onClick={() => setAsked("edit")}>
            Edit
          </Button>
          <Menu
            button={<Button icon={<Ellipsis />} label={`What can be done with ${project.name}`} />}
            choices={[
              isArchived
                ? { label: "Bring back", icon: <ArchiveRestore aria-hidden />, onChoose: () => void change(false) }
                : { label: "Archive", icon: <Archive aria-hidden />, onChoose: () => void change(true) },
              { label: "Delete…", icon: <Trash2 aria-hidden />, isDanger: true, onChoose: () => setAsked("delete") },
            ]}
          />
        </div>
      </div>
      <ul className="own-counts">
        {counts.map(([label, total, own, to, search]) => (
          <li key={label}>
            <Link to={to} search={search} className="own-count">
              <strong>{count(total)}</strong>
              <span>
                {label}
                {own === undefined || own === total ? null : <span className="faint small"> {count(own)} of its own</span>}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {project.description ? <Prose>{project.description}</Prose> : null}
      {stats?.total_tasks ? <Recent project={project} isAway={isAway} /> : null}
      {asked === "edit" ? <Edit project={project} onClose={() => setAsked(null)} /> : null}
      {asked === "delete" ? <Remove project={project} onClose={() => setAsked(null)} /> : null}
    </section>
  );
}

function Recent({ project, isAway }: { project: Project; isAway: boolean }) {
  const found = useQuery({
    queryKey: ["tasks", "recent", project.id, isAway],
    queryFn: ({ signal }) =>
      call(
        "tasks.get_all_ex",
        { project: [project.id], include_subprojects: true, only_fields: FIELDS, order_by: ["-last_update"], page: 0, page_size: RECENT, system_tags: [isAway ? "archived" : "-archived", "-dataset"], type: RUN_TYPES },
        signal,
      ),
  });
  return (
    <Found query={found}>
      {({ tasks }) =>
        tasks.length ? (
          <div>
            <h2>Changed last</h2>
            <RunLines runs={tasks} at={(task) => task.last_update} className="own-runs" />
          </div>
        ) : null
      }
    </Found>
  );
}
