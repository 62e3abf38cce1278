import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BASE, call } from "@/api/client";
import { Code, nameOf, Status, TimeAgo } from "@/components/bits";
import { count } from "@/components/format";
import { Found } from "@/components/states";
import "./home.css";

/** What is going on, and for whoever has nothing yet, how to begin. */
export function Page() {
  const counts = useQuery({
    queryKey: ["tasks", "counts"],
    queryFn: ({ signal }) => call("organization.get_entities_count", { projects: {}, tasks: {}, models: {}, dataset_versions: {} }, signal),
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

function Overview({ counts }: { counts: Record<string, number> }) {
  const fields = ["id", "name", "status", "last_update", "project.name", "last_iteration", "type"];
  const recent = useQuery({
    queryKey: ["tasks", "recent"],
    queryFn: ({ signal }) => call("tasks.get_all_ex", { only_fields: fields, order_by: ["-last_update"], page: 0, page_size: 12, system_tags: ["-archived"], type: ["__$not", "annotation_manual", "__$not", "dataset"] }, signal),
  });
  const projects = useQuery({
    queryKey: ["projects", "recent"],
    queryFn: ({ signal }) => call("projects.get_all_ex", { order_by: ["-last_update"], page: 0, page_size: 6, only_fields: ["name", "last_update", "tags"], include_stats: true, stats_with_children: false }, signal),
  });
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
        <section className="panel" aria-labelledby="recent-runs">
          <h2 id="recent-runs" className="section-head">
            Last changed
          </h2>
          <Found query={recent}>
            {({ tasks }) => (
              <ul className="lines">
                {tasks.map((task) => (
                  <li key={task.id}>
                    <Link to="/experiments/$id" params={{ id: task.id }} className="line">
                      <span className="grow stack tight">
                        <span className="ellipsis strong">{task.name}</span>
                        <span className="ellipsis faint small">{nameOf(task.project)}</span>
                      </span>
                      <span className="soft small">
                        <TimeAgo at={task.last_update} />
                      </span>
                      <Status of={task.status} />
                    </Link>
                  </li>
                ))}
              </ul>
            )}
          </Found>
        </section>
        <section className="panel" aria-labelledby="recent-projects">
          <h2 id="recent-projects" className="section-head">
            Projects
          </h2>
          <Found query={projects}>
            {(found) => (
              <ul className="lines">
                {found.projects.map((project) => (
                  <li key={project.id}>
                    <Link to="/experiments" search={{ project: project.id }} className="line">
                      <span className="grow ellipsis strong">{project.name}</span>
                      <span className="soft small nowrap">{count(project.stats?.active?.total_tasks ?? 0)} runs</span>
                    </Link>
                  </li>
                ))}
              </ul>
            )}
          </Found>
        </section>
      </div>
    </>
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
