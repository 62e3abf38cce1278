import { useVirtualizer } from "@tanstack/react-virtual";
import { File, FileAudio, FileImage, FileSpreadsheet, FileText, FileVideo } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { BASE } from "@/api/client";
import type { Entry, Version } from "@/api/datasets";

const KINDS: [RegExp, ReactNode][] = [
  [/\.(jpe?g|png|gif|webp|bmp|avif|svg|ico)$/i, <FileImage key="image" size={16} aria-hidden />],
  [/\.(csv|tsv|tab|parquet|jsonl|ndjson)$/i, <FileSpreadsheet key="table" size={16} aria-hidden />],
  [/\.(txt|md|json|ya?ml|toml|xml|py|log|html?)$/i, <FileText key="text" size={16} aria-hidden />],
  [/\.(wav|mp3|ogg|flac|m4a|opus)$/i, <FileAudio key="audio" size={16} aria-hidden />],
  [/\.(mp4|webm|ogv|mov|m4v)$/i, <FileVideo key="video" size={16} aria-hidden />],
];
const TILE = 168;

/** Whether a browser shows the file as an image. */
export function isImage(path: string): boolean {
  return KINDS[0]?.[0].test(path) ?? false;
}

export function iconOf(path: string): ReactNode {
  return KINDS.find(([ending]) => ending.test(path))?.[1] ?? <File size={16} aria-hidden />;
}

/** The address at which the server gives out a file of a version. */
export function contentUrl(version: Version | string, path: string): string {
  return `${BASE}/contents/${typeof version === "string" ? version : version.id}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** Images side by side; only the rows in view are drawn and asked for. */
export function Pictures({
  version,
  entries,
  chosen,
  onOpen,
  hasMore,
  onMore,
}: {
  version: Version;
  entries: Entry[];
  chosen: string | undefined;
  onOpen: (entry: Entry) => void;
  hasMore: boolean;
  onMore: () => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watched = new ResizeObserver(([found]) => setWidth(found?.contentRect.width ?? 0));
    if (frame.current) watched.observe(frame.current);
    return () => watched.disconnect();
  }, []);
  const across = Math.max(2, Math.floor(width / TILE));
  const rows = useVirtualizer({ count: Math.ceil(entries.length / across), getScrollElement: () => frame.current, estimateSize: () => TILE, overscan: 2 });
  const shown = rows.getVirtualItems();
  const last = (shown.at(-1)?.index ?? 0) >= Math.ceil(entries.length / across) - 2;
  useEffect(() => {
    if (last && hasMore) onMore();
  }, [last, hasMore, entries.length]);
  return (
    <div ref={frame} className="pictures">
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {shown.map(({ index, start }) => (
          <div key={index} className="picture-row" style={{ transform: `translateY(${start}px)`, height: TILE, gridTemplateColumns: `repeat(${across}, minmax(0, 1fr))` }}>
            {entries.slice(index * across, (index + 1) * across).map((entry) => (
              <button key={entry.path} type="button" className={`picture ${entry.path === chosen ? "here" : ""}`} onClick={() => onOpen(entry)} title={entry.path}>
                <Picture version={version.id} path={entry.path} />
                <span className="ellipsis small soft">{entry.name ?? entry.path}</span>
              </button>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

/** One image, or that it is none: files come from anywhere. A whole one says how large it is. */
export function Picture({ version, path, isWhole = false }: { version: string; path: string; isWhole?: boolean }) {
  const [broken, setBroken] = useState(false);
  const [extent, setExtent] = useState("");
  if (broken) return <span className="picture-broken small faint">not shown: the file is no image that this browser reads</span>;
  const image = (
    <img
      loading={isWhole ? "eager" : "lazy"}
      decoding="async"
      src={`${contentUrl(version, path)}${isWhole ? "" : "?thumbnail"}`}
      alt={path}
      onError={() => setBroken(true)}
      onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setExtent(`${naturalWidth} × ${naturalHeight} pixels`)}
    />
  );
  if (!isWhole) return image;
  return (
    <>
      {image}
      <p className="small faint picture-extent">{extent}</p>
    </>
  );
}
