import { useQuery } from "@tanstack/react-query";
import { Download, X } from "lucide-react";
import { call } from "@/api/client";
import type { FilePreview, Version } from "@/api/datasets";
import { Code, CopyButton } from "@/components/bits";
import { Button } from "@/components/button";
import { bytes } from "@/components/format";
import { Found } from "@/components/states";
import { contentUrl, Picture } from "./pictures";
import { TableOf } from "./preview/table";
import { TextOf } from "./preview/text";

const ROWS = 100;

interface FilePanelProps {
  version: Version;
  path: string;
  link: string | undefined;
  /** Whether it is known by now what lies beside it, and so whether it is a link. */
  isListed: boolean;
  onClose: () => void;
}

/** One file of a version: what it is, and how it begins; or where it lies, if it is only registered. */
export function FilePanel({ version, path, link, isListed, onClose }: FilePanelProps) {
  const found = useQuery({
    queryKey: ["version", version.id, "preview", path],
    queryFn: ({ signal }) => call("contents.preview", { version: version.id, path, rows: ROWS }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: isListed && link === undefined,
  });
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  return (
    <section className="panel file-panel" aria-label={`The file ${path}`}>
      <div className="row section-head">
        <h2 className="grow file-name">
          {folder ? <span className="file-folder small soft">{folder}</span> : null}
          {path.slice(folder.length)}
        </h2>
        <CopyButton text={path} label="Copy the path" />
        {link === undefined ? (
          <a className="button quiet icon-only" href={`${contentUrl(version, path)}?download`} download aria-label={`Download ${path}`} title="Download">
            <Download aria-hidden />
          </a>
        ) : null}
        <Button look="quiet" icon={<X />} label="Close the file" onClick={onClose} />
      </div>
      {link === undefined ? (
        <Found query={found}>
          {(preview) => (
            <>
              <p className="small soft file-facts">
                {bytes(preview.size_bytes)} · {preview.content_type}
              </p>
              <Beginning version={version} of={preview} />
            </>
          )}
        </Found>
      ) : (
        <Away address={link} />
      )}
    </section>
  );
}

/** Of a link the version keeps the address; whoever gets the version fetches it from there. */
function Away({ address }: { address: string }) {
  return (
    <div className="stack file-away">
      <p className="soft">A link: the version keeps where the file lies, and this server does not fetch it. Who gets the version gets it from there.</p>
      <Code>{address}</Code>
      {/^https?:\/\//.test(address) ? (
        <a className="link" href={address} target="_blank" rel="noreferrer noopener">
          Open the address
        </a>
      ) : null}
    </div>
  );
}

function Beginning({ version, of }: { version: Version; of: FilePreview }) {
  const url = contentUrl(version, of.path);
  switch (of.kind) {
    case "image":
      return (
        <div className="file-image">
          <Picture version={version.id} path={of.path} isWhole />
        </div>
      );
    case "audio":
      return (
        <div className="pad">
          <audio controls preload="metadata" src={url} aria-label={of.path} />
        </div>
      );
    case "video":
      return <video controls preload="metadata" src={url} aria-label={of.path} className="file-video" />;
    case "text":
      if (of.size_bytes === 0) return <p className="pad soft">The file is empty.</p>;
      return <TextOf path={of.path} text={of.text} whole={of.whole} />;
    case "table":
      return <TableOf of={of} />;
    case "binary":
      return <p className="pad soft">There is no preview of this kind of file. It can be downloaded.</p>;
  }
}
