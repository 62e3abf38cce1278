import { useQuery } from "@tanstack/react-query";
import { call } from "@/api/client";
import { bytes } from "@/components/format";
import { Found } from "@/components/states";
import { isImage, Picture } from "../pictures";
import { TableOf } from "../preview/table";

/** A file that only one of two versions has, or that is the same in both. */
export function OneSide({ version, path, tone }: { version: string; path: string; tone: "added" | "removed" | "moved" }) {
  const found = useQuery({
    queryKey: ["version", version, "preview", path],
    enabled: !isImage(path),
    queryFn: ({ signal }) => call("contents.preview", { version, path, rows: 100 }, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const said = tone === "added" ? "It is not in the version before." : tone === "removed" ? "It is not there any more." : null;
  return (
    <>
      {said ? <p className="soft">{said}</p> : null}
      {isImage(path) ? (
        <div className="half">
          <Picture version={version} path={path} isWhole />
        </div>
      ) : (
        <Found query={found}>
          {(preview) =>
            preview.kind === "text" ? (
              <pre className={`half half-text ${tone}`} tabIndex={0}>
                {preview.text}
              </pre>
            ) : preview.kind === "table" ? (
              <div className="panel">
                <TableOf of={preview} />
              </div>
            ) : (
              <p className="soft">{`${preview.content_type}, ${bytes(preview.size_bytes)}: nothing of it can be shown here.`}</p>
            )
          }
        </Found>
      )}
    </>
  );
}
