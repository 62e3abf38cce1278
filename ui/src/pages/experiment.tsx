import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Pencil } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import type { Search } from "@/app/router";
import { Id, nameOf, Status, Tags, TimeAgo } from "@/components/bits";
import { fetched } from "@/components/fetched";
import { duration } from "@/components/format";
import { Button } from "@/components/button";
import { PageHead } from "@/components/page-head";
import { FoundOne } from "@/components/states";
import { Tabbed, useAsked } from "@/components/tabbed";
import { Edit } from "./actions/edit";
import { Actions } from "./actions/menu";
import "./experiment.css";

const TABS = [
  ["scalars", "Scalars", fetched(() => import("./experiment/scalars"))],
  ["plots", "Plots", fetched(() => import("./experiment/plots"))],
  ["samples", "Samples", fetched(() => import("./experiment/samples"))],
  ["console", "Console", fetched(() => import("./experiment/console"))],
  ["configuration", "Configuration", fetched(() => import("./experiment/configuration"))],
  ["artifacts", "Artifacts", fetched(() => import("./experiment/artifacts"))],
  ["execution", "Execution", fetched(() => import("./experiment/execution"))],
  ["info", "Info", fetched(() => import("./experiment/info"))],
] as const;

/** One run, whole. */
export function Page() {
  const { id } = useParams({ strict: false }) as { id: string };
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  useAsked(TABS, search.tab);
  const found = useQuery({ queryKey: ["task", id], queryFn: ({ signal }) => call("tasks.get_by_id_ex", { id: [id], search_hidden: true }, signal) });
  return (
    <div className="page">
      <FoundOne query={found} among={({ tasks }) => tasks} one="experiment" id={id}>
        {(task) => (
          <>
            <Head task={task} />
            <Tabbed label="Parts of the run" parts={TABS} asked={search.tab} onAsk={(tab) => void navigate({ to: ".", search: (before: Search) => ({ ...before, tab }) })} props={{ task }} />
          </>
        )}
      </FoundOne>
    </div>
  );
}

function Head({ task }: { task: Task }) {
  const project = typeof task.project === "object" ? task.project : null;
  const navigate = useNavigate();
  const [isEdited, setEdited] = useState(false);
  return (
    <PageHead
      isStacked
      where={
        project ? (
          <Link to="/experiments" search={{ project: project.id }} className="link">
            {project.name}
          </Link>
        ) : null
      }
      title={task.name}
      facts={
        <>
          <Status of={task.status} />
          <Id of={task.id} />
          <span>{task.type}</span>
          <span>by {nameOf(task.user) || "somebody"}</span>
          <span>
            changed <TimeAgo at={task.last_update} />
          </span>
          {task.active_duration ? <span>ran {duration(task.active_duration)}</span> : null}
          <Tags of={task} />
        </>
      }
      acts={
        <div className="row">
          <Button icon={<Pencil />} label="Edit name, tags and comment" onClick={() => setEdited(true)} />
          <Actions ids={[task.id]} isArchived={task.system_tags?.includes("archived") ?? false} onGone={() => void navigate({ to: "/experiments", search: project ? { project: project.id } : {} })} />
        </div>
      }
    >
      {task.comment && !task.comment.startsWith("Auto-generated at ") ? <p className="comment soft">{task.comment}</p> : null}
      {task.status === "failed" && (task.status_message || task.status_reason) ? (
        <pre className="reason" tabIndex={0}>
          {task.status_message || task.status_reason}
        </pre>
      ) : null}
      {isEdited ? <Edit task={task} onClose={() => setEdited(false)} /> : null}
    </PageHead>
  );
}
