import { Link } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { fileUrl } from "@/api/client";
import type { Model } from "@/api/types";
import { CopyButton, Facts, Id, nameOf, Status, Tags } from "@/components/bits";
import { time } from "@/components/format";
import { PageHead } from "@/components/page-head";
import { ModelActions } from "./actions";
import { Lineage } from "./lineage";

/** One model: what it is, where its weights are, which run made it. */
export function ModelFacts({ model }: { model: Model }) {
  const url = fileUrl(model.uri);
  const task = typeof model.task === "object" ? model.task : null;
  const labels = Object.entries(model.labels ?? {}).sort(([, a], [, b]) => a - b);
  const metadata = Object.values(model.metadata ?? {});
  const design = typeof model.design === "object" && Object.keys(model.design ?? {}).length ? (typeof model.design?.design === "string" ? model.design.design : JSON.stringify(model.design, null, 2)) : "";
  return (
    <>
      <PageHead
        where={
          <Link to="/models" className="link">
            Models
          </Link>
        }
        title={model.name}
        facts={
          <>
            <Status of={model.ready ? "published" : "created"} />
            <Id of={model.id} />
            <Tags of={model} />
          </>
        }
        acts={
          <div className="row wrap">
            <ModelActions model={model} />
            {url ? (
              <a className="button strong" href={url} download>
                <Download aria-hidden />
                <span>Download the weights</span>
              </a>
            ) : null}
          </div>
        }
      >
        {model.comment ? <p className="comment soft">{model.comment}</p> : null}
      </PageHead>
      <section className="panel pad stack">
        <Facts
          of={[
            ["Framework", model.framework || "–"],
            ["Project", nameOf(model.project) || "–"],
            ["Made by", task ? <Link key="task" to="/experiments/$id" params={{ id: task.id }} className="link">{task.name}</Link> : "–"],
            ["Created", time(model.created)],
            ["Changed", time(model.last_update)],
            ["By", nameOf(model.user) || "–"],
          ]}
        />
        {model.uri ? (
          <div className="row">
            <code className="ellipsis grow" title={model.uri}>{model.uri}</code>
            <CopyButton text={model.uri} label="Copy the address" />
          </div>
        ) : null}
      </section>
      {task ? <Lineage task={task.id} /> : null}
      {labels.length ? <Pairs title="Labels" of={labels.map(([name, value]) => [name, String(value)])} /> : null}
      {metadata.length ? <Pairs title="Metadata" of={metadata.map((item) => [item.key, item.value])} /> : null}
      {design ? (
        <section className="panel">
          <div className="row section-head">
            <h2 className="grow">Configuration</h2>
            <CopyButton text={design} label="Copy the configuration" />
          </div>
          <pre className="diff" tabIndex={0}>
            <span>{design}</span>
          </pre>
        </section>
      ) : null}
    </>
  );
}

function Pairs({ title, of }: { title: string; of: [string, string][] }) {
  return (
    <section className="panel">
      <h2 className="section-head">{title}</h2>
      <table className="grid-table">
        <tbody>
          {of.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="mono">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
