import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { GitCompareArrows } from "lucide-react";
import { useCallback, useMemo } from "react";
import { call } from "@/api/client";
import type { Change, Version } from "@/api/datasets";
import type { Search } from "@/app/router";
import { bytes, count } from "@/components/format";
import { Dialog } from "@/components/dialog";
import { Empty, Found } from "@/components/states";
import { type Column, Table } from "@/components/table";
import { nodeName } from "./lineage";
import { iconOf, isImage, Picture } from "./pictures";
import "./changes.css";

const SIZE = 500;
const WORDS: Record<Change["change"], [string, string]> = { added: ["added", "good"], removed: ["removed", "bad"], modified: ["modified", "warn"], moved: ["moved", "run"] };

/** How a version differs from its parents, or from any other version that is chosen. */
export default function Changes({ version }: { version: Version }) {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const set = (values: Search) => void navigate({ to: ".", search: (before: Search) => ({ ...before, ...values }) });
  const other = search.other ?? "";
  const lineage = useQuery({
    queryKey: ["versions", "lineage", version.project, version.name],
    queryFn: ({ signal }) => call("versions.lineage", { project: version.project, name: version.name }, signal),
  });
  const found = useInfiniteQuery({
    queryKey: ["version", version.id, "changes", other],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) => call("contents.diff", { version: version.id, other: other || null, offset: pageParam, limit: SIZE }, signal),
    getNextPageParam: (last): number | null => last.next,
  });
  const rows = useMemo(() => found.data?.pages.flatMap(({ changes }) => changes), [found.data]);
  const counts = found.data?.pages[0]?.counts;
  const total = found.data?.pages[0]?.total ?? 0;
  const { hasNextPage, isFetching, fetchNextPage } = found;
  const onView = useCallback(
    (_: number, last: number) => {
      if (rows && hasNextPage && !isFetching && last >= rows.length) void fetchNextPage();
    },
    [rows, hasNextPage, isFetching, fetchNextPage],
  );
  const others = lineage.data?.nodes.filter(({ id, deleted }) => id !== version.id && !deleted).sort((a, b) => b.created.localeCompare(a.created)) ?? [];
  const shown = rows?.find(({ path }) => path === search.file);
  const before = other || (version.parents.length === 1 ? version.parents[0] : undefined);
  return (
    <div className="stack">
      <div className="row wrap filters">
        <select className="input quiet other" aria-label="Compare with" value={other} onChange={(event) => set({ other: event.target.value || undefined, file: undefined })}>
          <option value="">{version.parents.length === 1 ? "against its parent" : version.parents.length ? "against its parents" : "against nothing: it has no parent"}</option>
          {others.map((node) => (
            <option key={node.id} value={node.id}>
              against {nodeName(node, version)}
            </option>
          ))}
        </select>
        {counts ? (
          <span className="row wrap small" role="status">
            {(Object.keys(WORDS) as Change["change"][]).map((change) => (
              <span key={change} className={`status ${counts[change] ? WORDS[change][1] : "calm"}`}>
                {count(counts[change])} {WORDS[change][0]}
              </span>
            ))}
          </span>
        ) : null}
      </div>
      <Found query={{ data: rows, error: found.error, refetch: found.refetch }}>
        {(changes) =>
          changes.length ? (
            <div className="changes">
              <Table
                label="Changes"
                columns={COLUMNS}
                total={total}
                rowAt={(index) => changes[index]}
                keyOf={({ path }) => path}
                onView={onView}
                onOpen={({ path }) => set({ file: path })}
                height={36}
              />
            </div>
          ) : (
            <Empty title="They hold the same" icon={<GitCompareArrows size={24} aria-hidden />}>
              Every path has the same content in both.
            </Empty>
          )
        }
      </Found>
      {shown ? (
        <Dialog title={shown.path} isWide onClose={() => set({ file: undefined })}>
          <SideBySide change={shown} before={before} after={version.id} />
        </Dialog>
      ) : null}
    </div>
  );
}

function SideBySide({ change, before, after }: { change: Change; before: string | undefined; after: string }) {
  const sides: [string, string | undefined, number | null][] = [
    ["Before", before, change.size_before],
    ["After", after, change.size_after],
  ];
  return (
    <div className="side-by-side">
      {sides.map(([title, version, size]) => (
        <figure key={title} className="stack tight">
          <figcaption className="row">
            <strong className="grow">{title}</strong>
            <span className="soft small">{bytes(size)}</span>
          </figcaption>
          {size === null ? (
            <p className="half faint">It is not there.</p>
          ) : version === undefined ? (
            <p className="half faint">It lies in one of several parents: choose one to compare with.</p>
          ) : isImage(change.path) ? (
            <div className="half">
              <Picture version={version} path={change.path} isWhole />
            </div>
          ) : (
            <Text version={version} path={change.path} />
          )}
        </figure>
      ))}
    </div>
  );
}

function Text({ version, path }: { version: string; path: string }) {
  const found = useQuery({
    queryKey: ["version", version, "preview", path],
    queryFn: ({ signal }) => call("contents.preview", { version, path, rows: 50 }, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Found query={found}>
      {(preview) => (
        <pre className="half half-text" tabIndex={0}>
          {preview.kind === "text" ? preview.text : preview.kind === "table" ? [preview.columns.map(({ name }) => name), ...preview.rows].map((row) => row.join("  ")).join("\n") : "There is no preview of this kind of file."}
        </pre>
      )}
    </Found>
  );
}

const COLUMNS: Column<Change>[] = [
  {
    key: "path",
    title: "Path",
    width: 220,
    cell: ({ path }) => (
      <>
        {iconOf(path)}
        <span className="ellipsis" title={path}>
          {path}
        </span>
      </>
    ),
  },
  { key: "change", title: "Change", width: 106, cell: ({ change }) => <span className={`status ${WORDS[change][1]}`}>{WORDS[change][0]}</span> },
  { key: "before", title: "Before", width: 100, align: "end", cell: ({ size_before }) => <span className="soft">{bytes(size_before)}</span> },
  { key: "after", title: "After", width: 100, align: "end", cell: ({ size_after }) => bytes(size_after) },
];
