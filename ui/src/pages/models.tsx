import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Boxes } from "lucide-react";
import { call } from "@/api/client";
import type { Model } from "@/api/types";
import { useSaid } from "@/app/use-said";
import { nameOf, Status, Tag, TimeAgo } from "@/components/bits";
import { Card, cardHeight } from "@/components/card";
import { ListPage } from "@/components/list-page";
import { Empty } from "@/components/states";
import type { Column } from "@/components/table";
import { useSlow } from "@/components/use-slow";

const FIELDS = ["id", "name", "framework", "ready", "tags", "created", "last_update", "uri", "project.name", "task.name", "labels"];
const MOST = 1_000;

/** All models, newest first. */
export function Page() {
  const [search, set] = useSaid();
  const navigate = useNavigate();
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
  const models = found.data?.models;
  return (
    <ListPage
      head={<h1>Models</h1>}
      find="Name or id"
      filters={
        search.project ? (
          <button type="button" className="tag removable" onClick={() => set({ project: undefined })}>
            of one project ×
          </button>
        ) : null
      }
      one="model"
      note={models?.length === MOST ? ", the first of more" : ""}
      label="Models"
      list={{ query: { data: models?.length, error: found.error, refetch: found.refetch }, rowAt: (index) => models?.[index] }}
      columns={COLUMNS}
      card={CARD}
      keyOf={(model) => model.id}
      order={order}
      onOpen={(model) => void navigate({ to: "/models/$id", params: { id: model.id } })}
      empty={
        <Empty title="No models" icon={<Boxes size={24} aria-hidden />}>
          {text ? "No name holds what is asked for." : search.archived ? "No model is archived." : "What a training saves with its framework appears here by itself."}
        </Empty>
      }
    />
  );
}

const CARD = {
  height: cardHeight(1),
  of: (model: Model) => (
    <Card
      name={model.name}
      state={<Status of={model.ready ? "published" : "created"} />}
      under={nameOf(model.project) || "–"}
      at={<TimeAgo at={model.last_update} />}
      lines={[[nameOf(model.task) ? `made by ${nameOf(model.task)}` : "", model.framework || "–"]]}
      tags={model.tags}
    />
  ),
};
const COLUMNS: Column<Model>[] = [
  { key: "name", title: "Name", width: 200, sort: "name", cell: (model) => <span className="ellipsis strong">{model.name}</span> },
  { key: "framework", title: "Framework", width: 120, sort: "framework", cell: (model) => <span className="soft">{model.framework || "–"}</span> },
  { key: "ready", title: "State", width: 120, cell: (model) => <Status of={model.ready ? "published" : "created"} /> },
  { key: "tags", title: "Tags", width: 160, cell: (model) => model.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>) },
  { key: "task", title: "Made by", width: 170, cell: (model) => <span className="ellipsis soft">{nameOf(model.task) || "–"}</span> },
  { key: "project", title: "Project", width: 150, sort: "project.name", cell: (model) => <span className="ellipsis soft">{nameOf(model.project)}</span> },
  { key: "changed", title: "Changed", width: 120, sort: "last_update", align: "end", cell: (model) => <span className="soft"><TimeAgo at={model.last_update} /></span> },
];
