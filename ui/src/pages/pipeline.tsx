import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Play, Workflow } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import { placeOf } from "@/api/pipelines";
import type { Named, Task } from "@/api/types";
import { useSaid } from "@/app/use-said";
import { nameOf, Status, Tag, TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { Card, cardHeight } from "@/components/card";
import { duration } from "@/components/format";
import { ListPage } from "@/components/list-page";
import { PageHead } from "@/components/page-head";
import { Empty, FoundOne } from "@/components/states";
import type { Column } from "@/components/table";
import { usePages } from "@/components/use-pages";
import { Start } from "./pipeline/start";
import { secondsOf, versionOf } from "./pipeline/steps";

const FIELDS = ["id", "name", "status", "created", "started", "completed", "active_duration", "user", "runtime", "tags", "system_tags", "hyperparams.properties"];

/** The runs of one pipeline, which lie in a project of their own. */
export function Page() {
  const { id } = useParams({ strict: false }) as { id: string };
  const project = useQuery({
    queryKey: ["projects", id, "name"],
    queryFn: ({ signal }) => call("projects.get_all_ex", { id: [id], only_fields: ["name"], search_hidden: true }, signal),
  });
  return (
    <FoundOne query={project} among={({ projects }) => projects} one="pipeline" id={id} icon={<Workflow size={24} aria-hidden />}>
      {(found) => <Runs project={found} />}
    </FoundOne>
  );
}

function Runs({ project }: { project: Named }) {
  const [said] = useSaid();
  const navigate = useNavigate();
  const [isStarting, setStarting] = useState(false);
  const order = said.order ?? "-created";
  const archived = said.archived === "1";
  const asked = { project: [project.id], type: ["controller"], system_tags: archived ? ["__$all", "pipeline", "archived"] : ["pipeline", "-archived"], search_hidden: true };
  const list = usePages(["tasks", "runs", project.id, order, archived], async (page, size, signal) => {
    const [rows, counted] = await Promise.all([
      call("tasks.get_all_ex", { ...asked, only_fields: FIELDS, order_by: [order], page, page_size: size }, signal),
      call("organization.get_entities_count", { tasks: asked }, signal),
    ]);
    return { rows: rows.tasks, total: counted.tasks ?? rows.tasks.length };
  });
  const newest = useQuery({
    queryKey: ["tasks", "newest-run", project.id],
    queryFn: ({ signal }) => call("tasks.get_all_ex", { ...asked, only_fields: ["id"], order_by: ["-created"], page: 0, page_size: 1 }, signal),
  });
  const last = newest.data?.tasks[0]?.id;
  const { name, above } = placeOf(project.name);
  return (
    <ListPage
      head={
        <PageHead
          where={
            <>
              <Link to="/pipelines" className="link">
                Pipelines
              </Link>
              {above ? ` in ${above}` : ""}
            </>
          }
          title={name}
          acts={
            last ? (
              <Button look="strong" icon={<Play />} onClick={() => setStarting(true)}>
                New run
              </Button>
            ) : null
          }
        />
      }
      one="run"
      label="Runs"
      list={list}
      columns={COLUMNS}
      card={CARD}
      keyOf={(run) => run.id}
      order={order}
      onOpen={(run) => void navigate({ to: "/pipelines/$id/experiments/$run", params: { id: project.id, run: run.id } })}
      empty={
        <Empty title={archived ? "No archived runs" : "No runs"} icon={<Workflow size={24} aria-hidden />}>
          {archived ? "None of its runs was put out of sight." : "Its runs are archived, or were deleted."}
        </Empty>
      }
    >
      {isStarting && last ? <Start from={last} project={project.id} onClose={() => setStarting(false)} /> : null}
    </ListPage>
  );
}

const CARD = {
  height: cardHeight(1),
  of: (run: Task) => (
    <Card
      name={run.name}
      state={<Status of={run.status} />}
      under={`by ${nameOf(run.user) || "somebody"}`}
      at={<TimeAgo at={run.created} />}
      lines={[[versionOf(run) ? `version ${versionOf(run)}` : "", duration(secondsOf(run))]]}
      tags={run.tags}
    />
  ),
};
const COLUMNS: Column<Task>[] = [
  { key: "name", title: "Run", width: 220, sort: "name", cell: (run) => <span className="ellipsis strong">{run.name}</span> },
  { key: "state", title: "State", width: 130, sort: "status", cell: (run) => <Status of={run.status} /> },
  { key: "version", title: "Version", width: 90, cell: (run) => <span className="ellipsis soft">{versionOf(run) || "–"}</span> },
  { key: "took", title: "Took", width: 110, align: "end", cell: (run) => <span className="soft">{duration(secondsOf(run))}</span> },
  { key: "made", title: "Made", width: 120, sort: "created", align: "end", cell: (run) => <span className="soft"><TimeAgo at={run.created} /></span> },
  { key: "by", title: "By", width: 140, cell: (run) => <span className="ellipsis soft">{nameOf(run.user) || "–"}</span> },
  { key: "tags", title: "Tags", width: 160, cell: (run) => run.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>) },
];
