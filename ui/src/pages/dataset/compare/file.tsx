import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "@/api/client";
import type { Change, RowChange } from "@/api/datasets";
import { bytes } from "@/components/format";
import { Found } from "@/components/states";
import { isImage } from "../pictures";
import { Images } from "./images";
import { Lines } from "./lines";
import { OneSide } from "./one-side";
import { Rows } from "./rows";
import "./compare.css";

/** One file before and after: pictures beside each other, texts line by line, tables row by row. */
export function CompareFile({ change, before, after }: { change: Change; before: string | undefined; after: string }) {
  const pathBefore = change.path_before ?? change.path;
  return (
    <div className="stack">
      <p className="small soft file-facts-line">
        {change.path_before ? `${change.path_before} → ${change.path} · ` : ""}
        {change.size_before === null ? `new, ${bytes(change.size_after)}` : change.size_after === null ? `was ${bytes(change.size_before)}` : `${bytes(change.size_before)} → ${bytes(change.size_after)}`}
      </p>
      {change.size_before === null ? (
        <OneSide version={after} path={change.path} tone="added" />
      ) : before === undefined ? (
        <p className="soft">What it was lies in one of several parents: choose one to compare with.</p>
      ) : change.size_after === null ? (
        <OneSide version={before} path={change.path} tone="removed" />
      ) : change.change === "moved" ? (
        <>
          <p className="soft">Its content is the same; it only lies elsewhere.</p>
          <OneSide version={after} path={change.path} tone="moved" />
        </>
      ) : isImage(change.path) ? (
        <Images before={{ version: before, path: pathBefore }} after={{ version: after, path: change.path }} />
      ) : (
        <Differences before={before} pathBefore={pathBefore} after={after} path={change.path} />
      )}
    </div>
  );
}

function Differences({ before, pathBefore, after, path }: { before: string; pathBefore: string; after: string; path: string }) {
  const [key, setKey] = useState<string[]>([]);
  const [kinds, setKinds] = useState<RowChange["change"][]>([]);
  const found = useQuery({
    queryKey: ["version", after, "compare", before, path, key.join("\n"), kinds.join()],
    queryFn: ({ signal }) => call("contents.compare", { version: after, path, other: before, other_path: pathBefore, key, kinds, limit: 500 }, signal),
    placeholderData: (last) => last,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Found query={found}>
      {(difference) =>
        difference.kind === "table" ? (
          <Rows of={difference} kinds={kinds} onKinds={setKinds} onKey={setKey} />
        ) : difference.kind === "text" ? (
          <Lines of={difference} />
        ) : (
          <p className="soft">These are no texts, tables or pictures that could be shown beside each other. Both can be downloaded from their contents.</p>
        )
      }
    </Found>
  );
}
