import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight, Database, FlaskConical } from "lucide-react";
import { call } from "@/api/client";
import { Status } from "@/components/bits";
import { count } from "@/components/format";
import { Found } from "@/components/states";

/** What a model came from: the run that made it, and the versions of datasets that the run used. */
export function Lineage({ task: id }: { task: string }) {
  const found = useQuery({
    queryKey: ["task", id, "origin"],
    queryFn: async ({ signal }) => {
      const { tasks } = await call("tasks.get_all_ex", { id: [id], only_fields: ["name", "status", "last_iteration", "runtime"], search_hidden: true }, signal);
      const used = tasks[0]?.runtime?.datasets;
      const ids = Array.isArray(used) ? used.filter((one): one is string => typeof one === "string") : [];
      const versions = ids.length ? (await call("versions.search", { ids, include_archived: true, page_size: 100 }, signal)).versions : [];
      return { task: tasks[0], versions };
    },
  });
  return (
    <section className="panel pad stack" aria-labelledby="lineage">
      <h2 id="lineage">Where it comes from</h2>
      <Found query={found}>
        {({ task, versions }) => (
          <div className="row wrap lineage-of-model">
            {versions.length ? (
              <>
                <ul className="stack">
                  {versions.map((version) => (
                    <li key={version.id}>
                      <Link to="/datasets/$id" params={{ id: version.id }} className="panel origin">
                        <Database size={16} aria-hidden />
                        <span className="strong ellipsis">{version.name}</span>
                        <span className="soft small nowrap">{version.version}</span>
                      </Link>
                    </li>
                  ))}
                </ul>
                <ArrowRight size={18} aria-label="was used by" className="faint" />
              </>
            ) : null}
            {task ? (
              <Link to="/experiments/$id" params={{ id: task.id }} className="panel origin">
                <FlaskConical size={16} aria-hidden />
                <span className="strong ellipsis">{task.name}</span>
                {task.last_iteration ? <span className="soft small nowrap">step {count(task.last_iteration)}</span> : null}
                <Status of={task.status} />
              </Link>
            ) : (
              <p className="soft">The run that made it was deleted.</p>
            )}
            {task && !versions.length ? <p className="soft small">The run noted no version of a dataset.</p> : null}
          </div>
        )}
      </Found>
    </section>
  );
}
