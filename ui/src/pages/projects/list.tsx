import { Link, useNavigate } from "@tanstack/react-router";
import { Folder, FolderTree } from "lucide-react";
import type { Project } from "@/api/types";
import { Status, Tag, TimeAgo } from "@/components/bits";
import { Card, cardHeight } from "@/components/card";
import { count, duration, some } from "@/components/format";
import { type Column, Table } from "@/components/table";
import { useIsNarrow } from "@/components/use-narrow";

interface ListProps {
  projects: Project[];
  /** The project that they lie in, which is left out of their names. */
  from: string;
}

const nameIn = (project: Project, from: string) => (from ? project.name.slice(from.length + 1) : project.name);
const runsOf = (project: Project) => project.stats?.active?.total_tasks ?? 0;
const datasetsOf = (project: Project) => project.stats?.datasets?.count ?? 0;

export function Cards({ projects, from }: ListProps) {
  return (
    <ul className="tiles">
      {projects.map((project) => (
        <Tile key={project.id} project={project} from={from} />
      ))}
    </ul>
  );
}

function Tile({ project, from }: { project: Project; from: string }) {
  const stats = project.stats?.active;
  const states = Object.entries(stats?.status_count ?? {}).filter(([, many]) => many);
  const below = project.sub_projects?.length ?? 0;
  const parts = [some(runsOf(project), "run"), ...(datasetsOf(project) ? [some(datasetsOf(project), "dataset")] : []), ...(below ? [`${some(below, "project")} below`] : [])];
  return (
    <li className="panel card">
      <Link to="/projects" search={{ at: project.name }} className="card-link">
        <h2 className="row" title={project.name}>
          {below ? <FolderTree size={16} aria-hidden /> : <Folder size={16} aria-hidden />}
          <span className="ellipsis">{nameIn(project, from)}</span>
        </h2>
        <p className="soft small">
          {parts.join(" · ")}
          {stats?.total_runtime ? ` · ${duration(stats.total_runtime)} in all` : ""}
        </p>
        {states.length ? (
          <p className="row wrap card-states">
            {states.map(([status, many]) => (
              <span key={status} className="row small">
                <Status of={status as never} /> {count(many)}
              </span>
            ))}
          </p>
        ) : null}
        <p className="row wrap card-foot">
          {project.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>)}
          <span className="faint small">
            changed <TimeAgo at={project.last_update} />
          </span>
        </p>
      </Link>
    </li>
  );
}

export function List({ projects, from }: ListProps) {
  const navigate = useNavigate();
  const isNarrow = useIsNarrow();
  return (
    <Table
      label="Projects"
      columns={columnsOf(from)}
      total={projects.length}
      rowAt={(index) => projects[index]}
      keyOf={(project) => project.id}
      card={isNarrow ? (project) => <ProjectCard project={project} from={from} /> : undefined}
      height={isNarrow ? cardHeight(1) : 40}
      onOpen={(project) => void navigate({ to: "/projects", search: { at: project.name } })}
    />
  );
}

function ProjectCard({ project, from }: { project: Project; from: string }) {
  const running = project.stats?.active?.status_count?.in_progress ?? 0;
  return (
    <Card
      name={nameIn(project, from)}
      under={`${some(runsOf(project), "run")}, ${count(project.own_tasks ?? 0)} of its own`}
      at={<TimeAgo at={project.last_update} />}
      lines={[[running ? `${count(running)} running` : "nothing runs", some(datasetsOf(project), "dataset"), some(project.own_models ?? 0, "own model")]]}
      tags={project.tags}
    />
  );
}

function columnsOf(from: string): Column<Project>[] {
  const numbers: [string, string, number, (project: Project) => number][] = [
    ["runs", "Runs", 80, runsOf],
    ["own", "Own runs", 100, (project) => project.own_tasks ?? 0],
    ["running", "Running", 90, (project) => project.stats?.active?.status_count?.in_progress ?? 0],
    ["datasets", "Datasets", 90, datasetsOf],
    ["models", "Own models", 110, (project) => project.own_models ?? 0],
  ];
  return [
    { key: "name", title: "Name", width: 200, cell: (project) => <span className="ellipsis strong">{nameIn(project, from)}</span> },
    ...numbers.map(([key, title, width, of]): Column<Project> => ({ key, title, width, align: "end", cell: (project) => count(of(project)) })),
    { key: "tags", title: "Tags", width: 160, cell: (project) => project.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>) },
    { key: "changed", title: "Changed", width: 120, align: "end", cell: (project) => <span className="soft"><TimeAgo at={project.last_update} /></span> },
  ];
}
