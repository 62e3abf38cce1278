import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Boxes, Download } from "lucide-react";
import { useMemo } from "react";
import { call, fileUrl } from "@/api/client";
import type { Model } from "@/api/types";
import type { Search } from "@/app/router";
import { CopyButton, Facts, Id, nameOf, Tag, TimeAgo } from "@/components/bits";
import { count, time } from "@/components/format";
import { Empty, Found } from "@/components/states";
import { type Column, Table } from "@/components/table";
import { useSlow } from "@/components/use-slow";

const FIELDS = ["id", "name", "framework", "ready", "tags", "created", "last_update", "uri", "project.name", "task.name", "labels"];
const MOST = 1_000;

/** All models, newest first. */
export function Page() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const set = (values: Search) => void navigate({ to: ".", search: (before: Search) => ({ ...before, ...values }), replace: true });
  const text = useSlow(search.q ?? "");
  const order = search.order ?? "-last_update";
  const found = useQuery({
    queryKey: ["models", text, order, search.archived],
    queryFn: ({ signal }) =>
      call(
        "models.get_all_ex",
        {
          ...(text ? { _any_: { pattern: text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), fields: ["name", "id"] } } : {}),
          system_tags: [search.archived ? "archived" : "-archived"],
          only_fields: FIELDS,
          order_by: [order],
          page: 0,
          page_size: MOST,
        },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
  const columns = useMemo(
    (): Column<Model>[] => [
      { key: "name", title: "Name", width: 200, sort: "name", cell: (model) => <span className="ellipsis strong">{model.name}</span> },
      { key: "framework", title: "Framework", width: 120, sort: "framework", cell: (model) => <span className="soft">{model.framework || "–"}</span> },
      { key: "ready", title: "State", width: 100, cell: (model) => (model.ready ? "published" : "draft") },
      { key: "tags", title: "Tags", width: 160, cell: (model) => model.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>) },
      { key: "task", title: "Made by", width: 170, cell: (model) => <span className="ellipsis soft">{nameOf(model.task) || "–"}</span> },
      { key: "project", title: "Project", width: 150, sort: "project.name", cell: (model) => <span className="ellipsis soft">{nameOf(model.project)}</span> },
      { key: "changed", title: "Changed", width: 120, sort: "last_update", align: "end", cell: (model) => <span className="soft"><TimeAgo at={model.last_update} /></span> },
    ],
    [],
  );
  return (
    <div className="page full">
      <h1>Models</h1>
      <div className="row wrap filters" role="search">
        <input className="input quiet find" type="search" placeholder="Name or id" aria-label="Find by name or id" value={search.q ?? ""} onChange={(event) => set({ q: event.target.value || undefined })} />
        <label className="row small soft">
          <input type="checkbox" checked={search.archived === "1"} onChange={(event) => set({ archived: event.target.checked ? "1" : undefined })} /> archived
        </label>
        <span className="faint small" role="status">
          {found.data ? `${count(found.data.models.length)} models${found.data.models.length === MOST ? ", the first of more" : ""}` : ""}
        </span>
      </div>
      <Found query={found}>
        {({ models }) =>
          models.length ? (
            <Table
              label="Models"
              columns={columns}
              total={models.length}
              rowAt={(index) => models[index]}
              keyOf={(model) => model.id}
              order={order}
              onOrder={(next) => set({ order: next })}
              onOpen={(model) => void navigate({ to: "/models/$id", params: { id: model.id } })}
            />
          ) : (
            <Empty title="No models" icon={<Boxes size={24} aria-hidden />}>
              {text ? "No name holds what is asked for." : "What a training saves with its framework appears here by itself."}
            </Empty>
          )
        }
      </Found>
    </div>
  );
}

/** One model: what it is, where its weights are, which run made it. */
export function ModelFacts({ model }: { model: Model }) {
  const url = fileUrl(model.uri);
  const task = typeof model.task === "object" ? model.task : null;
  const labels = Object.entries(model.labels ?? {}).sort(([, a], [, b]) => a - b);
  const metadata = Object.values(model.metadata ?? {});
  const design = typeof model.design === "object" && Object.keys(model.design ?? {}).length ? (typeof model.design?.design === "string" ? model.design.design : JSON.stringify(model.design, null, 2)) : "";
  return (
    <>
      <header className="page-head">
        <div className="grow stack tight">
          <nav aria-label="Where it is" className="small soft ellipsis">
            <Link to="/models" className="link">
              Models
            </Link>
          </nav>
          <h1>{model.name}</h1>
          <div className="row wrap small soft head-facts">
            <span>{model.ready ? "published" : "draft"}</span>
            <Id of={model.id} />
            {model.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>)}
          </div>
        </div>
        {url ? (
          <a className="button strong" href={url} download>
            <Download aria-hidden />
            <span>Download the weights</span>
          </a>
        ) : null}
      </header>
      <section className="panel pad stack">
        <Facts
          of={[
            ["Framework", model.framework || "–"],
            ["Project", nameOf(model.project) || "–"],
            ["Made by", task ? <Link key="task" to="/experiments/$id" params={{ id: task.id }} className="link">{task.name}</Link> : "–"],
            ["Created", time(model.created)],
            ["Changed", time(model.last_update)],
            ["By", nameOf(model.user) || "–"],
            ["Comment", model.comment || "–"],
          ]}
        />
        {model.uri ? (
          <div className="row">
            <code className="ellipsis grow" title={model.uri}>{model.uri}</code>
            <CopyButton text={model.uri} label="Copy the address" />
          </div>
        ) : null}
      </section>
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
