import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FlaskConical } from "lucide-react";
import { call } from "@/api/client";
import type { Version } from "@/api/datasets";
import { Status, Tag, TimeAgo } from "@/components/bits";
import { Named } from "@/components/line";
import { Empty, Found } from "@/components/states";

/** Runs that got this version, and the models that they made. */
export default function Used({ version }: { version: Version }) {
  const found = useQuery({
    queryKey: ["tasks", "using", version.id],
    queryFn: ({ signal }) => call("tasks.using_dataset", { dataset: version.id }, signal),
  });
  return (
    <Found query={found}>
      {({ tasks, models }) =>
        tasks.length ? (
          <div className="stack">
            <section className="panel" aria-labelledby="runs">
              <h2 id="runs" className="section-head">
                Runs
              </h2>
              <ul className="lines">
                {tasks.map((task) => (
                  <li key={task.id}>
                    <Link to="/experiments/$id" params={{ id: task.id }} className="line">
                      <Named name={task.name} below={task.project} />
                      {task.aliases.map((alias) => (
                        <Tag key={alias}>{alias}</Tag>
                      ))}
                      <span className="soft small">
                        <TimeAgo at={task.created} />
                      </span>
                      <Status of={task.status} />
                    </Link>
                  </li>
                ))}
              </ul>
            </section>
            {models.length ? (
              <section className="panel" aria-labelledby="models">
                <h2 id="models" className="section-head">
                  Models that they made
                </h2>
                <ul className="lines">
                  {models.map((model) => (
                    <li key={model.id}>
                      <Link to="/models/$id" params={{ id: model.id }} className="line">
                        <Named name={model.name} below={model.project} />
                        <span className="soft small">{model.framework}</span>
                      </Link>
                    </li>
                  ))}
                </ul>
              </section>
            ) : null}
          </div>
        ) : (
          <Empty title="No run has used this version" icon={<FlaskConical size={24} aria-hidden />}>
            A run that calls Dataset.get appears here, with the models that it makes.
          </Empty>
        )
      }
    </Found>
  );
}
