import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Folder, GitCompareArrows, List, ListTree } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { call } from "@/api/client";
import type { Change, ChangeCounts, ChangeEntry, Version } from "@/api/datasets";
import type { Search } from "@/app/router";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Card, cardHeight } from "@/components/card";
import { Find } from "@/components/find";
import { bytes, count } from "@/components/format";
import { useIsNarrow } from "@/components/use-narrow";
import { Empty, Found } from "@/components/states";
import { type Column, Table } from "@/components/table";
import { useSlow } from "@/components/use-slow";
import { Chooser } from "./compare/chooser";
import { CompareFile } from "./compare/file";
import { Crumbs } from "./crumbs";
import { nodeName } from "./lineage";
import { lineageOf } from "./lineage-query";
import { iconOf } from "./pictures";
import "./changes.css";

const SIZE = 500;
const KINDS: Change["change"][] = ["added", "removed", "modified", "moved"];
const TONES: Record<Change["change"], string> = { added: "good", removed: "bad", modified: "warn", moved: "run" };

/** How a version differs from its parents, or from any other version that is chosen: folder by folder, or as one list. */
export default function Changes({ version }: { version: Version }) {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const [isChoosing, setChoosing] = useState(false);
  const set = useCallback((values: Search, replace = false) => void navigate({ to: ".", search: (before: Search) => ({ ...before, ...values }), replace }), [navigate]);
  const other = search.other ?? "";
  const text = useSlow((search.q ?? "").trim());
  const kinds = KINDS.filter((kind) => search.kinds?.split(",").includes(kind));
  const folder = search.folder ?? "";
  const isNarrow = useIsNarrow();
  const isList = search.view === "list" || text !== "";
  const asked = { version: version.id, other: other || null, kinds, pattern: text, limit: SIZE };
  const found = useInfiniteQuery({
    queryKey: ["version", version.id, "changes", other, kinds.join(), text, isList ? null : folder],
    initialPageParam: null as string | number | null,
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      if (!isList) return call("contents.diff_folder", { ...asked, folder, after: pageParam === null ? null : String(pageParam) }, signal);
      const { changes, ...rest } = await call("contents.diff", { ...asked, offset: Number(pageParam ?? 0) }, signal);
      return { ...rest, entries: changes.map((change) => ({ ...change, name: change.path, folder: false as const })) };
    },
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
  });
  const rows = useMemo(() => found.data?.pages.flatMap(({ entries }) => entries), [found.data]);
  const first = found.data?.pages[0];
  const { hasNextPage, isFetching, fetchNextPage } = found;
  const onView = useCallback(
    (_: number, last: number) => {
      if (rows && hasNextPage && !isFetching && last >= rows.length) void fetchNextPage();
    },
    [rows, hasNextPage, isFetching, fetchNextPage],
  );
  const all = first ? KINDS.reduce((sum, kind) => sum + first.counts[kind], 0) : 0;
  const before = other || (version.parents.length === 1 ? version.parents[0] : undefined);
  const toggle = (kind: Change["change"]) => set({ kinds: (kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind]).join() || undefined }, true);
  return (
    <div className="stack">
      <div className="row wrap filters">
        <Against version={version} other={other} onChoose={(id) => set({ other: id || undefined, file: undefined, folder: undefined })} onMore={() => setChoosing(true)} />
        <Find what="changes" hint="Part of a path, or *.png" said={search.q} set={(q) => set({ q }, true)} />
        {text ? null : (
          <Button icon={isList ? <ListTree /> : <List />} onClick={() => set({ view: isList ? undefined : "list" }, true)}>
            {isList ? "By folder" : "One list"}
          </Button>
        )}
      </div>
      <div className="row wrap kinds" role="group" aria-label="Kinds of changes" hidden={first !== undefined && all === 0}>
        {first
          ? KINDS.map((kind) => (
              <button key={kind} type="button" className={`kind ${kinds.length && !kinds.includes(kind) ? "off" : ""}`} aria-pressed={kinds.includes(kind)} disabled={first.counts[kind] === 0} onClick={() => toggle(kind)}>
                <span className={`status ${first.counts[kind] ? TONES[kind] : "calm"}`}>{`${count(first.counts[kind])} ${kind}`}</span>
              </button>
            ))
          : null}
      </div>
      {isList ? null : <Crumbs folder={folder} name={version.name} onOpen={(next) => set({ folder: next || undefined })} />}
      <Found query={{ data: rows, error: found.error, refetch: found.refetch }}>
        {(changes) =>
          changes.length ? (
            <div className="changes">
              <Table
                label="Changes"
                columns={isList ? COLUMNS : [NAME, CHANGE, BEFORE, AFTER]}
                total={changes.length + (hasNextPage ? 1 : 0)}
                rowAt={(index) => changes[index]}
                keyOf={({ path }) => path}
                onView={onView}
                onOpen={(entry) => set(entry.folder ? { folder: entry.path } : { file: entry.path })}
                card={isNarrow ? CARD : undefined}
                height={isNarrow ? cardHeight(0) : 36}
              />
            </div>
          ) : all && (text || kinds.length || folder) ? (
            <Empty title="No change fits" icon={<GitCompareArrows size={24} aria-hidden />}>
              {`There are ${count(all)} changes of other kinds, or in other places.`}
            </Empty>
          ) : (
            <Empty title={before === undefined && !version.parents.length ? "It holds nothing" : "They hold the same"} icon={<GitCompareArrows size={24} aria-hidden />}>
              {before === undefined && !version.parents.length ? "This version has no parent, and no files." : "Every path has the same content in both."}
            </Empty>
          )
        }
      </Found>
      {search.file ? (
        <Shown key={search.file} path={search.file} known={rows?.find((row) => !row.folder && row.path === search.file)} version={version} other={other} before={before} onClose={() => set({ file: undefined })} />
      ) : null}
      {isChoosing ? (
        <Chooser
          onClose={() => setChoosing(false)}
          onChoose={(id) => {
            setChoosing(false);
            set({ other: id, file: undefined, folder: undefined });
          }}
        />
      ) : null}
    </div>
  );
}

interface Page {
  entries: ChangeEntry[];
  counts: ChangeCounts;
  total: number;
  next: string | number | null;
}

/** Which version it is compared with: one of the same dataset, or any other. */
function Against({ version, other, onChoose, onMore }: { version: Version; other: string; onChoose: (id: string) => void; onMore: () => void }) {
  const lineage = useQuery(lineageOf(version));
  const others = lineage.data?.nodes.filter(({ id, deleted }) => id !== version.id && !deleted).sort((a, b) => b.created.localeCompare(a.created)) ?? [];
  const isElsewhere = other !== "" && lineage.data !== undefined && !others.some(({ id }) => id === other);
  const chosen = useQuery({ queryKey: ["version", other], enabled: isElsewhere, queryFn: ({ signal }) => call("versions.get", { id: other }, signal) });
  return (
    <select className="input quiet other" aria-label="Compare with" value={other} onChange={(event) => (event.target.value === "more" ? onMore() : onChoose(event.target.value))}>
      <option value="">{version.parents.length === 1 ? "against its parent" : version.parents.length ? "against its parents" : "against nothing: it has no parent"}</option>
      {others.map((node) => (
        <option key={node.id} value={node.id}>
          against {nodeName(node, version)}
        </option>
      ))}
      {isElsewhere ? <option value={other}>against {chosen.data ? `${chosen.data.project}/${chosen.data.name} ${chosen.data.version}` : other.slice(0, 8)}</option> : null}
      <option value="more">another dataset …</option>
    </select>
  );
}

/** The change of one path; asked for by itself where the page in view does not hold it. */
function Shown({ path, known, version, other, before, onClose }: { path: string; known: ChangeEntry | undefined; version: Version; other: string; before: string | undefined; onClose: () => void }) {
  const [parent, name] = [path.split("/").slice(0, -1).join("/"), path.split("/").at(-1) ?? ""];
  const found = useQuery({
    queryKey: ["version", version.id, "change", other, path],
    enabled: known === undefined,
    queryFn: ({ signal }) => call("contents.diff", { version: version.id, other: other || null, pattern: name.replace(/[*?[]/g, "?"), limit: 1_000 }, signal),
  });
  const change = known && !known.folder ? known : found.data?.changes.find((one) => one.path === path);
  return (
    <Dialog title={name} isWide onClose={onClose}>
      {change ? (
        <CompareFile change={change} before={before} after={version.id} />
      ) : found.data || found.error ? (
        <p className="soft">{`${parent ? `${parent}/` : ""}${name} is the same in both.`}</p>
      ) : null}
    </Dialog>
  );
}

const NAME: Column<ChangeEntry> = {
  key: "name",
  title: "Name",
  width: 170,
  cell: (entry) => (
    <>
      {entry.folder ? <Folder size={16} aria-label="folder" className="folder-icon" /> : iconOf(entry.path)}
      <span className={`ellipsis ${entry.folder ? "strong" : ""}`} title={entry.path}>
        {entry.name}
      </span>
      {!entry.folder && entry.path_before ? <span className="ellipsis faint small" title={entry.path_before}>{`from ${entry.path_before}`}</span> : null}
    </>
  ),
};
const CHANGE: Column<ChangeEntry> = {
  key: "change",
  title: "Change",
  width: 190,
  cell: (entry) =>
    entry.folder ? (
      <span className="row folder-counts">
        {KINDS.filter((kind) => entry.counts[kind]).map((kind) => (
          <span key={kind} className={`tally ${TONES[kind]}`} title={`${count(entry.counts[kind])} ${kind}`}>
            <span aria-hidden>{SIGNS[kind]}</span>
            <span className="visually-hidden">{`${kind} `}</span>
            {count(entry.counts[kind])}
          </span>
        ))}
      </span>
    ) : (
      <span className={`status ${TONES[entry.change]}`}>{entry.change}</span>
    ),
};
const SIGNS: Record<Change["change"], string> = { added: "+", removed: "−", modified: "≠", moved: "→" };
const BEFORE: Column<ChangeEntry> = { key: "before", title: "Before", width: 86, align: "end", cell: (entry) => (entry.folder ? null : <span className="soft">{bytes(entry.size_before)}</span>) };
const AFTER: Column<ChangeEntry> = { key: "after", title: "After", width: 86, align: "end", cell: (entry) => (entry.folder ? null : bytes(entry.size_after)) };
const CARD = (entry: ChangeEntry) => (
  <Card
    name={NAME.cell(entry)}
    state={CHANGE.cell(entry)}
    under={entry.folder ? "folder" : entry.size_before === null ? bytes(entry.size_after) : entry.size_after === null ? `was ${bytes(entry.size_before)}` : `${bytes(entry.size_before)} → ${bytes(entry.size_after)}`}
  />
);
const COLUMNS: Column<ChangeEntry>[] = [{ ...NAME, key: "path", title: "Path", width: 240 }, { ...CHANGE, width: 106 }, BEFORE, AFTER];
