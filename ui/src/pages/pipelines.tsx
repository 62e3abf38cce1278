import { Link, useNavigate } from "@tanstack/react-router";
import { Workflow } from "lucide-react";
import { call } from "@/api/client";
import { type Pipeline, placeOf } from "@/api/pipelines";
import { useSaid } from "@/app/use-said";
import { Status, TimeAgo } from "@/components/bits";
import { Card, cardHeight } from "@/components/card";
import { count, duration, some } from "@/components/format";
import { ListPage } from "@/components/list-page";
import { Empty } from "@/components/states";
import type { Column } from "@/components/table";
import { usePages } from "@/components/use-pages";
import { useSlow } from "@/components/use-slow";
import { Recent } from "./pipeline/recent";
import { secondsOf, versionOf } from "./pipeline/steps";

/** All pipelines, each with how its last runs went. */
export function Page() {
  const [said] = useSaid();
  const navigate = useNavigate();
  const text = useSlow((said.q ?? "").trim());
  const order = said.order ?? "-created";
  const archived = said.archived === "1";
  const list = usePages(["tasks", "pipelines", text, order, archived], async (page, size, signal) => {
    const { pipelines, total } = await call("pipelines.find", { text, archived, order, page, page_size: size }, signal);
    return { rows: pipelines, total };
  });
  return (
    <ListPage
      head={<h1>Pipelines</h1>}
      find="Name or project"
      one="pipeline"
      label="Pipelines"
      list={list}
      columns={COLUMNS}
      card={CARD}
      keyOf={({ project }) => project.id}
      order={order}
      onOpen={({ project }) => void navigate({ to: "/pipelines/$id", params: { id: project.id }, search: archived ? { archived: "1" } : {} })}
      empty={
        text || archived ? (
          <Empty title="No pipelines" icon={<Workflow size={24} aria-hidden />}>
            None fits what is asked for.
          </Empty>
        ) : (
          <Empty title="No pipelines yet" icon={<Workflow size={24} aria-hidden />}>
            <p>
              What a script runs with ClearML&rsquo;s <code>PipelineController</code> or <code>@PipelineDecorator</code> appears here by itself: its steps as a graph, and how far they are. It needs{" "}
              <Link to="/settings" className="link">
                a key
              </Link>{" "}
              and nothing else.
            </p>
          </Empty>
        )
      }
    />
  );
}

const CARD = {
  height: cardHeight(1),
  of: ({ project, last, recent, runs }: Pipeline) => (
    <Card
      name={placeOf(project.name).name}
      state={<Status of={last.status} />}
      under={placeOf(project.name).above || "–"}
      at={<TimeAgo at={last.created} />}
      lines={[[<Recent key="recent" runs={recent} />, some(runs, "run"), versionOf(last) || "–", duration(secondsOf(last))]]}
    />
  ),
};
const COLUMNS: Column<Pipeline>[] = [
  { key: "name", title: "Name", width: 220, sort: "name", cell: ({ project }) => <span className="ellipsis strong">{placeOf(project.name).name}</span> },
  { key: "state", title: "State", width: 130, cell: ({ last }) => <Status of={last.status} /> },
  { key: "recent", title: "Last runs", width: 130, cell: ({ recent }) => <Recent runs={recent} /> },
  { key: "runs", title: "Runs", width: 80, sort: "runs", align: "end", cell: ({ runs }) => count(runs) },
  { key: "version", title: "Version", width: 90, cell: ({ last }) => <span className="ellipsis soft">{versionOf(last) || "–"}</span> },
  { key: "took", title: "Took", width: 110, align: "end", cell: ({ last }) => <span className="soft">{duration(secondsOf(last))}</span> },
  { key: "started", title: "Made", width: 120, sort: "created", align: "end", cell: ({ last }) => <span className="soft"><TimeAgo at={last.created} /></span> },
  { key: "project", title: "Project", width: 180, cell: ({ project }) => <span className="ellipsis soft">{placeOf(project.name).above || "–"}</span> },
];
