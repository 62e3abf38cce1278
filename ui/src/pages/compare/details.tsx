import { Download } from "lucide-react";
import { useMemo } from "react";
import { useSaid } from "@/app/use-said";
import { Button } from "@/components/button";
import { count, number } from "@/components/format";
import { csv, save } from "@/components/save";
import { Empty } from "@/components/states";
import { type Column, Table } from "@/components/table";
import type { PartProps } from "../compare";
import { differs, type Trait, traitsOf } from "./runs";

/** Parameters and last metrics of each run. A parameter that is not as in the first run stands out; what was measured of machines always differs. */
export default function Details({ runs, colours }: PartProps) {
  const [said, set] = useSaid();
  const isDifferent = said.all !== "1";
  const traits = useMemo(() => traitsOf(runs), [runs]);
  const find = (said.find ?? "").toLowerCase();
  const shown = traits.filter((trait) => (!isDifferent || (differs(trait) && !trait.name.startsWith(":monitor:"))) && trait.name.toLowerCase().includes(find));
  const columns = useMemo(
    (): Column<Trait>[] => [
      {
        key: "name",
        title: "What",
        width: 220,
        cell: (trait) => (
          <span className="ellipsis" title={trait.name}>
            <span className="faint small">{trait.kind === "fact" ? "" : `${trait.kind} `}</span>
            {trait.name.replace(/^:monitor:/, "machine: ")}
          </span>
        ),
      },
      ...runs.map(
        (run, at): Column<Trait> => ({
          key: run.id,
          title: run.name,
          width: 150,
          mark: colours.get(run.id) ?? "",
          cell: (trait) => {
            const value = trait.values[at];
            const text = typeof value === "number" ? number(value) : (value ?? "");
            return (
              <span className={`ellipsis ${trait.kind !== "metric" && value !== trait.values[0] ? "other" : ""} ${trait.kind === "parameter" ? "mono" : ""}`} title={String(value ?? "")}>
                {text === "" ? <span className="faint">–</span> : text}
              </span>
            );
          },
        }),
      ),
    ],
    [runs, colours],
  );
  return (
    <>
      <div className="row wrap controls">
        <input className="input quiet" type="search" placeholder="Find a parameter or metric" aria-label="Find a parameter or metric" value={said.find ?? ""} onChange={(event) => set({ find: event.target.value || undefined })} />
        <label className="row small soft">
          <input type="checkbox" checked={isDifferent} onChange={(event) => set({ all: event.target.checked ? undefined : "1" })} /> only differences
        </label>
        <span className="faint small grow" role="status">
          {count(shown.length)} of {count(traits.length)} rows
        </span>
        <Button icon={<Download />} onClick={() => save("compared.csv", csv([["", ...runs.map(({ name }) => name)], ["id", ...runs.map(({ id }) => id)], ...shown.map((trait) => [trait.name, ...trait.values])]))}>
          Save as CSV
        </Button>
      </div>
      {shown.length ? (
        <div className="compare-table">
          <Table label="Parameters and metrics" columns={columns} total={shown.length} rowAt={(index) => shown[index]} keyOf={(trait) => trait.key} height={36} isPinned />
        </div>
      ) : (
        <Empty title={traits.length && isDifferent ? "No differences" : "Nothing to compare"}>{isDifferent ? "All that was recorded of these runs is the same." : "These runs have no parameters and no metrics."}</Empty>
      )}
    </>
  );
}
