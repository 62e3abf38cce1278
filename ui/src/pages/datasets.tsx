import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Database, Plus } from "lucide-react";
import { useCallback } from "react";
import { BASE, call } from "@/api/client";
import type { DatasetSummary } from "@/api/datasets";
import type { Search } from "@/app/router";
import { Code, Status, Tag, TimeAgo } from "@/components/bits";
import { bytes, count } from "@/components/format";
import { Empty, Found } from "@/components/states";
import { type Column, Table } from "@/components/table";
import { usePages } from "@/components/use-pages";
import { useSlow } from "@/components/use-slow";

/** All datasets, each with its newest version. */
export function Page() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const text = useSlow((search.q ?? "").trim());
  const order = search.order ?? "-created";
  const tags = search.tag ? search.tag.split(",") : [];
  const set = useCallback((values: Search) => void navigate({ to: ".", search: (before: Search) => ({ ...before, ...values }), replace: true }), [navigate]);
  const { query, rowAt, onView } = usePages(["versions", "datasets", text, order, search.tag ?? ""], async (page, size, signal) => {
    const { datasets, total } = await call("versions.datasets", { text, tags, order, page, page_size: size }, signal);
    return { rows: datasets, total };
  });
  return (
    <div className="page full">
      <div className="page-head">
        <div className="grow">
          <h1>Datasets</h1>
        </div>
        <Link to="/datasets/new" className="button strong">
          <Plus aria-hidden />
          New dataset
        </Link>
      </div>
      <div className="row wrap filters" role="search">
        <input
          className="input quiet find"
          type="search"
          placeholder="Name or project"
          aria-label="Find by name or project"
          value={search.q ?? ""}
          onChange={(event) => set({ q: event.target.value || undefined })}
        />
        {tags.map((tag) => (
          <button key={tag} type="button" className="tag removable" aria-label={`Any tag, not only ${tag}`} onClick={() => set({ tag: tags.filter((one) => one !== tag).join(",") || undefined })}>
            {tag} ×
          </button>
        ))}
        <span className="faint small" role="status">
          {query.data === undefined ? "" : `${count(query.data)} ${query.data === 1 ? "dataset" : "datasets"}`}
        </span>
      </div>
      <Found query={query}>
        {(total) =>
          total ? (
            <Table
              label="Datasets"
              columns={COLUMNS}
              total={total}
              rowAt={rowAt}
              keyOf={({ newest }) => newest.id}
              onView={onView}
              order={order}
              onOrder={(next) => set({ order: next })}
              onOpen={({ newest }) => void navigate({ to: "/datasets/$id", params: { id: newest.id } })}
            />
          ) : text || tags.length ? (
            <Empty title="No datasets" icon={<Database size={24} aria-hidden />}>
              None fits what is asked for.
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
      </Found>
    </div>
  );
}

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
