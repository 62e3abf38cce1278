import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Boxes } from "lucide-react";
import { useMemo } from "react";
import { call } from "@/api/client";
import type { Model } from "@/api/types";
import type { Search } from "@/app/router";
import { nameOf, Status, Tag, TimeAgo } from "@/components/bits";
import { count } from "@/components/format";
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
    queryKey: ["models", text, order, search.archived, search.project],
    queryFn: ({ signal }) =>
      call(
        "models.get_all_ex",
        {
          ...(text ? { _any_: { pattern: text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), fields: ["name", "id"] } } : {}),
          ...(search.project ? { project: [search.project], include_subprojects: true } : {}),
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
      { key: "ready", title: "State", width: 120, cell: (model) => <Status of={model.ready ? "published" : "created"} /> },
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
        {search.project ? (
          <button type="button" className="tag removable" onClick={() => set({ project: undefined })}>
            of one project ×
          </button>
        ) : null}
        <span className="faint small" role="status">
          {found.data ? `${count(found.data.models.length)} ${found.data.models.length === 1 ? "model" : "models"}${found.data.models.length === MOST ? ", the first of more" : ""}` : ""}
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
