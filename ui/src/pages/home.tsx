import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useId } from "react";
import { BASE, call } from "@/api/client";
import { RUN_TYPES } from "@/api/kinds";
import { Code, nameOf } from "@/components/bits";
import { bytes, count } from "@/components/format";
import { Named, RunLines } from "@/components/line";
import { Found } from "@/components/states";
import { runs } from "./actions/doing";
import "./home.css";

/** What is going on, and for whoever has nothing yet, how to begin. */
export function Page() {
  const counts = useQuery({
    queryKey: ["tasks", "counts"],
    queryFn: ({ signal }) => call("organization.get_entities_count", { projects: IN_SIGHT, tasks: { system_tags: ["-archived", "-dataset"], type: RUN_TYPES }, models: IN_SIGHT, dataset_versions: IN_SIGHT }, signal),
  });
  return (
    <div className="page">
      <h1>Home</h1>
      <Found query={counts}>
        {(found) => (Object.values(found).every((value) => !value) ? <Beginning /> : <Overview counts={found} />)}
      </Found>
    </div>
  );
}

const RUNS = ["id", "name", "status", "last_update", "started", "project.name", "last_iteration", "type"];
const IN_SIGHT = { system_tags: ["-archived"] };

function Overview({ counts }: { counts: Record<string, number> }) {
  const places: [string, string, string][] = [
    ["Projects", "projects", "/projects"],
    ["Experiments", "tasks", "/experiments"],
    ["Dataset versions", "dataset_versions", "/datasets"],
    ["Models", "models", "/models"],
  ];
  return (
    <>
      <ul className="counts">
        {places.map(([label, key, to]) => (
          <li key={key}>
            <Link to={to} className="panel count">
              <strong>{count(counts[key] ?? 0)}</strong>
              <span className="soft">{label}</span>
            </Link>
          </li>
        ))}
      </ul>
      <div className="home-grid">
        <div className="stack home-column">
          <Running />
          <Recent />
        </div>
        <div className="stack home-column">
          <Datasets />
          <Projects />
        </div>
      </div>
    </>
  );
}

function Section({ title, to, search, children }: { title: string; to: string; search?: Record<string, string>; children: ReactNode }) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <div className="row section-head">
        <h2 id={id} className="grow">
          {title}
        </h2>
        <Link to={to} search={search ?? {}} className="link small" aria-label={`All: ${title}`}>
          All
        </Link>
      </div>
      {children}
    </section>
  );
}

/** What runs now; nothing is said when nothing does. */
function Running() {
  const found = useQuery({
    queryKey: ["tasks", "running"],
    queryFn: ({ signal }) => call("tasks.get_all_ex", { only_fields: RUNS, status: ["in_progress"], order_by: ["-started"], page: 0, page_size: 6, system_tags: ["-archived", "-dataset"], type: RUN_TYPES }, signal),
  });
  if (!found.data?.tasks.length) return null;
  return (
    <Section title="Running now" to="/experiments" search={{ status: "in_progress" }}>
      <RunLines runs={found.data.tasks} at={(task) => task.started} what="started" below={(task) => nameOf(task.project)} />
    </Section>
  );
}

function Recent() {
  const found = useQuery({
    queryKey: ["tasks", "recent"],
    queryFn: ({ signal }) => call("tasks.get_all_ex", { only_fields: RUNS, status: ["__$not", "in_progress"], order_by: ["-last_update"], page: 0, page_size: 10, system_tags: ["-archived", "-dataset"], type: RUN_TYPES }, signal),
  });
  return (
    <Section title="Last changed" to="/experiments">
      <Found query={found}>
        {({ tasks }) =>
          tasks.length ? (
            <RunLines runs={tasks} at={(task) => task.last_update} below={(task) => nameOf(task.project)} />
          ) : (
            <p className="pad soft">No run yet: a script that calls Task.init appears here.</p>
          )
        }
      </Found>
    </Section>
  );
}

function Datasets() {
  const found = useQuery({ queryKey: ["versions", "recent"], queryFn: ({ signal }) => call("versions.datasets", { order: "-created", page: 0, page_size: 5 }, signal) });
  return (
    <Section title="Datasets" to="/datasets">
      <Found query={found}>
        {({ datasets }) =>
          datasets.length ? (
            <ul className="lines">
              {datasets.map(({ newest, versions }) => (
                <li key={newest.id}>
                  <Link to="/datasets/$id" params={{ id: newest.id }} className="line">
                    <Named name={newest.name} below={newest.project} />
                    <span className="home-numbers soft small nowrap">
                      <span>
                        {newest.version}
                        {versions > 1 ? `, of ${count(versions)}` : ""}
                      </span>
                      <span className="faint">{bytes(newest.size_bytes)}</span>
                    </span>
                  </Link>
                </li>
              ))}
            </ul>
          ) : (
            <p className="pad soft">
              No dataset yet.{" "}
              <Link to="/datasets/new" className="link">
                Make one
              </Link>{" "}
              from a folder.
            </p>
          )
        }
      </Found>
    </Section>
  );
}

function Projects() {
  const found = useQuery({
    queryKey: ["projects", "recent"],
    queryFn: ({ signal }) =>
      call("projects.get_all_ex", { order_by: ["-last_update"], page: 0, page_size: 6, only_fields: ["name", "last_update", "tags"], system_tags: ["-archived"], include_stats: true, stats_with_children: true }, signal),
  });
  return (
    <Section title="Projects" to="/projects">
      <Found query={found}>
        {({ projects }) => (
          <ul className="lines">
            {projects.map((project) => (
              <li key={project.id}>
                <Link to="/projects" search={{ at: project.name }} className="line">
                  <span className="grow ellipsis strong">{project.name}</span>
                  <span className="soft small nowrap">{runs(project.stats?.active?.total_tasks ?? 0)}</span>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Found>
    </Section>
  );
}

function Beginning() {
  const server = `${location.origin}${BASE}`;
  return (
    <section className="panel pad stack beginning">
      <h2>Nothing is here yet. Three steps, and something is.</h2>
      <ol className="stack">
        <li>
          <p>Install Tilth where you train.</p>
          <Code>pip install tilth</Code>
        </li>
        <li>
          <p>
            Say where this server is, with a key from{" "}
            <Link to="/settings" className="link">
              the settings
            </Link>
            .
          </p>
          <Code>{`tilth init ${server}`}</Code>
        </li>
        <li>
          <p>Record a run, or keep a folder.</p>
          <Code>{'python -c "from tilth import Task; Task.init(\'Team\', \'first\').get_logger().report_scalar(\'loss\', \'train\', 0.5, 1)"\ntilth data sync --project Team --name pictures --folder ./pictures'}</Code>
        </li>
      </ol>
    </section>
  );
}
