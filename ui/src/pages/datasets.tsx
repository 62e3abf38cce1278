import { Link, useNavigate } from "@tanstack/react-router";
import { Database, Plus } from "lucide-react";
import { BASE, call } from "@/api/client";
import type { DatasetSummary } from "@/api/datasets";
import { useSaid } from "@/app/use-said";
import { Code, Status, Tag, TimeAgo } from "@/components/bits";
import { Card, cardHeight } from "@/components/card";
import { bytes, count, some } from "@/components/format";
import { ListPage } from "@/components/list-page";
import { Empty } from "@/components/states";
import type { Column } from "@/components/table";
import { usePages } from "@/components/use-pages";
import { useSlow } from "@/components/use-slow";

/** All datasets, each with its newest version. */
export function Page() {
  const [search, set] = useSaid();
  const navigate = useNavigate();
  const text = useSlow((search.q ?? "").trim());
  const order = search.order ?? "-created";
  const tags = search.tag ? search.tag.split(",") : [];
  const archived = Boolean(search.archived);
  const list = usePages(["versions", "datasets", text, order, search.tag ?? "", archived], async (page, size, signal) => {
    const { datasets, total } = await call("versions.datasets", { text, tags, order, archived, page, page_size: size }, signal);
    return { rows: datasets, total };
  });
  return (
    <ListPage
      head={
        <div className="page-head">
          <h1 className="grow">Datasets</h1>
          <Link to="/datasets/new" className="button strong">
            <Plus aria-hidden />
            New dataset
          </Link>
        </div>
      }
      find="Name, project, tag, author or id"
      filters={
        <>
          {tags.map((tag) => (
            <button key={tag} type="button" className="tag removable" aria-label={`Any tag, not only ${tag}`} onClick={() => set({ tag: tags.filter((one) => one !== tag).join(",") || undefined })}>
              {tag} ×
            </button>
          ))}
        </>
      }
      one="dataset"
      label="Datasets"
      list={list}
      columns={COLUMNS}
      card={CARD}
      keyOf={({ newest }) => newest.id}
      order={order}
      onOpen={({ newest }) => void navigate({ to: "/datasets/$id", params: { id: newest.id } })}
      empty={
        text || tags.length || archived ? (
          <Empty title="No datasets" icon={<Database size={24} aria-hidden />}>
            {archived && !text && !tags.length ? "No version is archived." : "None fits what is asked for."}
          </Empty>
        ) : (
          <Empty title="No datasets yet" icon={<Database size={24} aria-hidden />}>
            <div className="stack">
              <p>A folder becomes one with a single command, once it is known where this server is.</p>
              <Code>{`tilth init ${location.origin}${BASE}\ntilth data sync --project Team --name pictures --folder ./pictures`}</Code>
            </div>
          </Empty>
        )
      }
    />
  );
}

const CARD = {
  height: cardHeight(1),
  of: ({ newest, versions }: DatasetSummary) => (
    <Card
      name={newest.name}
      state={<Status of={newest.status} />}
      under={newest.project}
      at={<TimeAgo at={newest.created} />}
      lines={[[`${newest.version} · ${some(versions, "version")}`, some(newest.entries, "file"), bytes(newest.size_bytes)]]}
      tags={newest.tags}
    />
  ),
};
const COLUMNS: Column<DatasetSummary>[] = [
  { key: "name", title: "Name", width: 200, sort: "name", cell: ({ newest }) => <span className="ellipsis strong">{newest.name}</span> },
  { key: "version", title: "Newest", width: 90, cell: ({ newest }) => <span className="ellipsis">{newest.version}</span> },
  { key: "status", title: "State", width: 120, cell: ({ newest }) => <Status of={newest.status} /> },
  { key: "size", title: "Size", width: 100, sort: "size_bytes", align: "end", cell: ({ newest }) => bytes(newest.size_bytes) },
  { key: "files", title: "Files", width: 110, sort: "entries", align: "end", cell: ({ newest }) => count(newest.entries) },
  { key: "versions", title: "Versions", width: 100, sort: "versions", align: "end", cell: ({ versions }) => count(versions) },
  { key: "project", title: "Project", width: 160, cell: ({ newest }) => <span className="ellipsis soft">{newest.project}</span> },
  { key: "tags", title: "Tags", width: 150, cell: ({ newest }) => newest.tags.map((tag) => <Tag key={tag}>{tag}</Tag>) },
  { key: "created", title: "Made", width: 120, sort: "created", align: "end", cell: ({ newest }) => <span className="soft"><TimeAgo at={newest.created} /></span> },
];
