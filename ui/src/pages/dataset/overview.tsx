import type { ReactNode } from "react";
import type { ChangeTotals, Version } from "@/api/datasets";
import { Code, Facts, Id, Status } from "@/components/bits";
import { bytes, count, time } from "@/components/format";
import { Description } from "./description";
import { Lineage } from "./lineage";
import { Shape } from "./shape";
import { TagsOf } from "./tags";

/** What a version is, where it comes from, and how to get it. */
export default function Overview({ version }: { version: Version }) {
  return (
    <div className="overview">
      <div className="stack">
        <section className="panel" aria-labelledby="description">
          <Description version={version} />
        </section>
        <section className="panel" aria-labelledby="lineage">
          <Lineage version={version} />
        </section>
      </div>
      <div className="stack">
        {version.status === "uploading" ? null : (
          <section className="panel" aria-labelledby="get-it">
            <h2 id="get-it" className="section-head">
              Get it
            </h2>
            <GetIt version={version} />
          </section>
        )}
        {version.changes ? (
          <section className="panel" aria-labelledby="against">
            <h2 id="against" className="section-head">
              {version.parents.length === 0 ? "What it began with" : version.parents.length === 1 ? "Against its parent" : "Against its parents"}
            </h2>
            <Against changes={version.changes} />
          </section>
        ) : null}
        {version.entries ? (
          <section className="panel" aria-labelledby="shape">
            <h2 id="shape" className="section-head">
              What it holds
            </h2>
            <Shape version={version} />
          </section>
        ) : null}
        <section className="panel" aria-labelledby="facts">
          <h2 id="facts" className="section-head">
            Facts
          </h2>
          <div className="pad">
            <Facts of={facts(version)} />
          </div>
        </section>
      </div>
    </div>
  );
}

function facts(version: Version): [string, ReactNode][] {
  return [
    ["Id", <Id key="id" of={version.id} />],
    ["State", <Status key="status" of={version.status} />],
    ["Size", bytes(version.size_bytes)],
    ["Files", count(version.entries)],
    ["Author", version.author || "–"],
    ["Made", time(version.created)],
    ["Final since", time(version.finished)],
    ["Names", version.aliases.join(", ") || "–"],
    ...(version.storage ? ([["Lies in", version.storage]] satisfies [string, ReactNode][]) : []),
    ["Tags", <TagsOf key="tags" version={version} />],
  ];
}

function GetIt({ version }: { version: Version }) {
  const python = [
    "from tilth import Dataset",
    `folder = Dataset.get(dataset_id="${version.id}").get_local_copy()`,
  ].join("\n");
  return (
    <div className="stack pad">
      <div className="stack tight">
        <h3>In a terminal</h3>
        <Code label="Copy the command">{`tilth data get --id ${version.id}`}</Code>
      </div>
      <div className="stack tight">
        <h3>In Python</h3>
        <Code label="Copy the lines">{python}</Code>
      </div>
    </div>
  );
}

const KINDS: [keyof ChangeTotals, string][] = [
  ["added", "added"],
  ["removed", "removed"],
  ["modified", "modified"],
  ["moved", "moved"],
  ["unchanged", "unchanged"],
];

function Against({ changes }: { changes: ChangeTotals }) {
  return (
    <dl className="against">
      {KINDS.map(([key, label]) => (
        <div key={key} className={changes[key].files ? key : "none"}>
          <dt>{label}</dt>
          <dd>
            <strong>{count(changes[key].files)}</strong>
            <span className="faint small">{bytes(changes[key].size_bytes)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
