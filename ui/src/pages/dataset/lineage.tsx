import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { List, Waypoints } from "lucide-react";

import type { LineageNode, Version } from "@/api/datasets";
import type { Search } from "@/app/router";
import { Status, TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { fetched } from "@/components/fetched";
import { Named } from "@/components/line";
import { Found } from "@/components/states";
import { useIsNarrow } from "@/components/use-narrow";
import { lineageOf } from "./lineage-query";

const Graph = fetched(() => import("./graph"));
const MOST_DRAWN = 300;

/** All versions of the dataset and what they descend from: drawn, or as a list where that is read better. */
export function Lineage({ version }: { version: Version }) {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const isNarrow = useIsNarrow();
  const found = useQuery(lineageOf(version));
  const isLong = (found.data?.nodes.length ?? 0) > MOST_DRAWN;
  const asList = isNarrow || isLong || search.lineage === "list";
  return (
    <>
      <div className="row section-head">
        <h2 id="lineage" className="grow">
          Versions
        </h2>
        {isNarrow || isLong ? null : (
          <Button
            look="quiet"
            icon={asList ? <Waypoints /> : <List />}
            label={asList ? "Draw them" : "List them"}
            onClick={() => void navigate({ to: ".", search: (before: Search) => ({ ...before, lineage: asList ? undefined : "list" }), replace: true })}
          />
        )}
      </div>
      <Found query={found}>
        {({ nodes }) =>
          asList ? (
            <LineageList nodes={nodes} version={version} />
          ) : (
            <Graph nodes={nodes} version={version} />
          )
        }
      </Found>
    </>
  );
}

function LineageList({ nodes, version }: { nodes: LineageNode[]; version: Version }) {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const named = (id: string) => {
    const node = known.get(id);
    return node && !node.deleted ? nodeName(node, version) : `${id.slice(0, 8)} (deleted)`;
  };
  const shown = nodes.filter(({ deleted }) => !deleted).sort((a, b) => b.created.localeCompare(a.created));
  return (
    <ul className="lines lineage-list">
      {shown.map((node) => (
        <li key={node.id}>
          <Link to="/datasets/$id" params={{ id: node.id }} className={`line ${node.id === version.id ? "here" : ""}`} aria-current={node.id === version.id ? "true" : undefined}>
            <Named name={nodeName(node, version)} below={node.parents.length ? `from ${node.parents.map(named).join(", ")}` : "from nothing"} />
            <span className="soft small">
              <TimeAgo at={node.created} />
            </span>
            {node.status ? <Status of={node.status} /> : null}
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** The number of a version, with the dataset's name before it if that is another one. */
export function nodeName(node: LineageNode, version: Version): string {
  return node.name === version.name && node.project === version.project ? node.version : `${node.name} ${node.version}`;
}
