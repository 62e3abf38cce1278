import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Download, FileQuestion, Folder, FolderUp, LayoutGrid, Link2, List } from "lucide-react";
import { useCallback, useMemo } from "react";
import { call, CallError } from "@/api/client";
import type { Entry, Version } from "@/api/datasets";
import type { Search } from "@/app/router";
import { CopyButton } from "@/components/bits";
import { Button } from "@/components/button";
import { Card, cardHeight } from "@/components/card";
import { Find } from "@/components/find";
import { bytes, count, some } from "@/components/format";
import { useIsNarrow } from "@/components/use-narrow";
import { Empty, Found } from "@/components/states";
import { type Column, Table } from "@/components/table";
import { useSlow } from "@/components/use-slow";
import { Crumbs } from "./crumbs";
import { FilePanel } from "./file-panel";
import { contentUrl, iconOf, isImage, Pictures } from "./pictures";
import "./contents.css";

type Page = { entries: Entry[]; next: string | number | null } & ({ total: number } | { files: number; size_bytes: number });
const SIZE = 500;
const NEAR_THE_END = 50;

/** The files of a version, folder by folder or as a search finds them, and one of them opened. */
export default function Contents({ version }: { version: Version }) {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const folder = search.folder ?? "";
  const isNarrow = useIsNarrow();
  const text = useSlow((search.q ?? "").trim());
  const set = useCallback((values: Search, replace = false) => void navigate({ to: ".", search: (before: Search) => ({ ...before, ...values }), replace }), [navigate]);
  const found = useInfiniteQuery({
    queryKey: ["version", version.id, "contents", folder, text],
    initialPageParam: null as string | number | null,
    queryFn: async ({ pageParam, signal }): Promise<Page> =>
      text
        ? call("contents.search", { version: version.id, pattern: text, offset: Number(pageParam ?? 0), limit: SIZE }, signal)
        : call("contents.list", { version: version.id, folder, after: pageParam === null ? null : String(pageParam), limit: SIZE }, signal),
    getNextPageParam: (last) => last.next,
    // The content of a final version never changes.
    staleTime: version.status === "uploading" ? 0 : Number.POSITIVE_INFINITY,
  });
  // Only the machine on which a version is made knows its files before it is final.
  const isElsewhere = version.status === "uploading" && found.error instanceof CallError && !found.error.isAway;
  const rows = useMemo(() => found.data?.pages.flatMap(({ entries }): Entry[] => entries), [found.data]);
  const first = found.data?.pages[0];
  const { hasNextPage, isFetching, fetchNextPage } = found;
  const onView = useCallback(
    (_: number, last: number) => {
      if (rows && hasNextPage && !isFetching && last > rows.length - NEAR_THE_END) void fetchNextPage();
    },
    [rows, hasNextPage, isFetching, fetchNextPage],
  );
  const open = (entry: Entry) => set(entry.folder ? { folder: entry.path, file: undefined } : { file: entry.path });
  const images = rows?.filter((entry) => !entry.folder && isImage(entry.path)) ?? [];
  const isGrid = search.view === "grid" && images.length > 0;
  return (
    <div className={`contents ${search.file ? "split" : ""}`}>
      <div className="stack contents-list">
        <div className="row wrap filters" role="search">
          {isElsewhere && !text ? null : <Find what="files" hint="Part of a path, or *.png" said={search.q} set={(q) => set({ q }, true)} />}
          {images.length ? (
            <Button icon={isGrid ? <List /> : <LayoutGrid />} onClick={() => set({ view: isGrid ? undefined : "grid" }, true)}>
              {isGrid ? "List" : "Pictures"}
            </Button>
          ) : null}
          {version.status === "uploading" || text || version.entries === 0 ? null : (
            <a className="button" href={`${contentUrl(version, folder)}?zip`} download>
              <Download aria-hidden />
              {folder ? "Folder as zip" : "All as zip"}
            </a>
          )}
          <span className="faint small" role="status">
            {first === undefined ? "" : "total" in first ? `${count(first.total)} found` : `${some(first.files, "file")}, ${bytes(first.size_bytes)}`}
          </span>
        </div>
        {text || isElsewhere ? null : <Crumbs folder={folder} name={version.name} onOpen={(next) => set({ folder: next || undefined, file: undefined })} />}
        {isElsewhere ? (
          <Empty title="Its files are not here yet" icon={<FolderUp size={24} aria-hidden />}>
            They are being uploaded from another machine, and are listed as soon as the version is final.
          </Empty>
        ) : (
          <Found query={{ data: rows, error: found.error, refetch: found.refetch }}>
            {(entries) =>
              entries.length === 0 ? (
                <Empty title={text ? "No file fits" : "No files"} icon={<FileQuestion size={24} aria-hidden />}>
                  {text ? "A text is looked for anywhere in a path; with * and ? a whole path has to fit." : "This version holds nothing."}
                </Empty>
              ) : isGrid ? (
                <Pictures version={version} entries={images} chosen={search.file} onOpen={open} hasMore={hasNextPage} onMore={() => void fetchNextPage()} />
              ) : (
                <Table
                  label="Files"
                  columns={text ? FOUND_COLUMNS : search.file ? BESIDE_COLUMNS : COLUMNS}
                  total={entries.length + (hasNextPage ? 1 : 0)}
                  rowAt={(index) => entries[index]}
                  keyOf={({ path }) => path}
                  onView={onView}
                  onOpen={open}
                  card={isNarrow ? (text ? FOUND_CARD : CARD) : undefined}
                  height={isNarrow ? CARD_HEIGHT : 36}
                />
              )
            }
          </Found>
        )}
      </div>
      {search.file ? <FilePanel key={search.file} version={version} path={search.file} link={rows?.find(({ path }) => path === search.file)?.link} isListed={rows !== undefined} onClose={() => set({ file: undefined })} /> : null}
    </div>
  );
}

function NameCell({ entry, text }: { entry: Entry; text: string }) {
  return (
    <>
      {entry.folder ? <Folder size={16} aria-label="folder" className="folder-icon" /> : entry.link ? <Link2 size={16} aria-label="link" /> : iconOf(entry.path)}
      <span className={`ellipsis ${entry.folder ? "strong" : ""}`} title={entry.path}>
        {text}
      </span>
    </>
  );
}

/** Where a file lies that is only registered. Nothing of it is fetched here: the address is opened by whoever asks for it. */
function LinkCell({ address, path }: { address: string; path: string }) {
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <span className="row" onClick={(event) => event.stopPropagation()}>
      {/^https?:\/\//.test(address) ? (
        <a className="ellipsis" href={address} target="_blank" rel="noreferrer noopener" title={address}>
          link
        </a>
      ) : (
        <span className="ellipsis soft" title={address}>
          link
        </span>
      )}
      <CopyButton text={address} label={`Copy the address of ${path}`} />
    </span>
  );
}

const SIZE_COLUMN: Column<Entry> = { key: "size", title: "Size", width: 84, align: "end", cell: (entry) => bytes(entry.size_bytes) };
const HASH_COLUMN: Column<Entry> = {
  key: "sha256",
  title: "SHA-256",
  width: 150,
  cell: (entry) =>
    entry.link ? (
      <LinkCell address={entry.link} path={entry.path} />
    ) : entry.sha256 ? (
      // eslint-disable-next-line jsx-a11y/click-events-have-key-events
      <span className="row" onClick={(event) => event.stopPropagation()}>
        <code className="soft">{entry.sha256.slice(0, 10)}</code>
        <CopyButton text={entry.sha256} label={`Copy the hash of ${entry.path}`} />
      </span>
    ) : null,
};
const COLUMNS: Column<Entry>[] = [
  { key: "name", title: "Name", width: 160, cell: (entry) => <NameCell entry={entry} text={entry.name ?? entry.path} /> },
  { key: "files", title: "Files", width: 84, align: "end", cell: (entry) => (entry.folder ? <span className="soft">{count(entry.files)}</span> : null) },
  SIZE_COLUMN,
  HASH_COLUMN,
];
const cardOf = (text: string, entry: Entry) => (
  <Card name={<NameCell entry={entry} text={text} />} under={entry.folder ? `${some(entry.files ?? 0, "file")}, ${bytes(entry.size_bytes)}` : bytes(entry.size_bytes)} at={HASH_COLUMN.cell(entry)} />
);
const CARD_HEIGHT = cardHeight(0);
const CARD = (entry: Entry) => cardOf(entry.name ?? entry.path, entry);
const FOUND_CARD = (entry: Entry) => cardOf(entry.path, entry);
/** Beside an opened file there is little room. */
const BESIDE_COLUMNS = COLUMNS.filter(({ key }) => key === "name" || key === "size");
const FOUND_COLUMNS: Column<Entry>[] = [{ key: "path", title: "Path", width: 260, cell: (entry) => <NameCell entry={entry} text={entry.path} /> }, SIZE_COLUMN, HASH_COLUMN];
