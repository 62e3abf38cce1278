import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { FolderUp } from "lucide-react";

import { call } from "@/api/client";
import type { Version } from "@/api/datasets";
import type { Search } from "@/app/router";
import { Id, Status, Tags, TimeAgo } from "@/components/bits";
import { fetched } from "@/components/fetched";
import { bytes, some } from "@/components/format";
import { PageHead } from "@/components/page-head";
import { FoundOne } from "@/components/states";
import { Tabbed, useAsked } from "@/components/tabbed";
import { Actions } from "./dataset/actions";
import "./experiment.css";
import "./dataset.css";

const TABS = [
  ["overview", "Overview", fetched(() => import("./dataset/overview"))],
  ["contents", "Contents", fetched(() => import("./dataset/contents"))],
  ["changes", "Changes", fetched(() => import("./dataset/changes"))],
  ["samples", "Samples", fetched(() => import("./dataset/samples"))],
  ["used", "Used by", fetched(() => import("./dataset/used"))],
] as const;

/** One version of a dataset, whole. */
export function Page() {
  const { id } = useParams({ strict: false }) as { id: string };
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  useAsked(TABS, search.tab);
  const found = useQuery({ queryKey: ["version", id], queryFn: ({ signal }) => call("versions.get", { id }, signal) });
  return (
    <div className="page">
      <FoundOne query={found} among={(version) => [version]} one="version" id={id}>
        {(version) => (
          <>
            <Head version={version} />
            <Tabbed key={version.id} label="Parts of the version" parts={TABS} asked={search.tab} onAsk={(tab) => void navigate({ to: ".", search: { tab } })} props={{ version }} />
          </>
        )}
      </FoundOne>
    </div>
  );
}

function Head({ version }: { version: Version }) {
  return (
    <PageHead
      isStacked
      where={
        <Link to={version.project ? "/projects" : "/datasets"} search={version.project ? { at: version.project } : {}} className="link">
          {version.project || "Datasets"}
        </Link>
      }
      title={
        <>
          {version.name} <span className="soft">{version.version}</span>
        </>
      }
      facts={
        <>
          <Status of={version.status} />
          <Id of={version.id} />
          {version.status === "uploading" && !version.entries ? null : (
            <>
              <span>{bytes(version.size_bytes)}</span>
              <span>{some(version.entries, "file")}</span>
            </>
          )}
          <span>by {version.author || "somebody"}</span>
          <span>
            made <TimeAgo at={version.created} />
          </span>
          <Tags of={version} />
        </>
      }
      acts={
        <>
          <Actions version={version} />
          {version.status === "aborted" ? null : (
            <Link to="/datasets/new" search={version.status === "uploading" ? { draft: version.id } : { parent: version.id }} className="button">
              <FolderUp aria-hidden />
              {version.status === "uploading" ? "Add files" : "New version"}
            </Link>
          )}
        </>
      }
    />
  );
}
