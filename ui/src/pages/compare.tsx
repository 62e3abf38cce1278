import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useMemo } from "react";
import { call } from "@/api/client";
import { useIsDark } from "@/app/theme";
import { useSaid } from "@/app/use-said";
import { type Ink, inksOf, useChosenColours } from "@/charts/colours";
import { fetched } from "@/components/fetched";
import { count } from "@/components/format";
import { Empty, Found } from "@/components/states";
import { Tabbed, useAsked } from "@/components/tabbed";
import { type Run, runsOf } from "./compare/runs";
import { Swatch } from "./compare/swatch";
import { ToReport } from "./report/to-report";
import "./experiment.css";
import "./compare.css";

const MOST = 100;
const FIELDS = ["id", "name", "status", "type", "tags", "last_iteration", "last_metrics", "hyperparams", "project.name", "last_update", "started"];
const TABS = [
  ["scalars", "Scalars", fetched(() => import("./compare/scalars"))],
  ["table", "Parameters and metrics", fetched(() => import("./compare/details"))],
  ["scatter", "Scatter", fetched(() => import("./compare/scatter"))],
  ["importance", "Importance", fetched(() => import("./compare/importance"))],
  ["parallel", "Parallel coordinates", fetched(() => import("./compare/parallel"))],
  ["plots", "Plots", fetched(() => import("./compare/plots"))],
  ["samples", "Samples", fetched(() => import("./compare/samples"))],
] as const;

export interface PartProps {
  runs: Run[];
  inks: ReadonlyMap<string, Ink>;
  colours: ReadonlyMap<string, string>;
}

/** Runs beside each other. A run has one colour in all charts. */
export function Page() {
  const [said, set] = useSaid();
  const ids = useMemo(() => [...new Set((said.ids ?? "").split(",").filter(Boolean))], [said.ids]);
  const dark = useIsDark();
  useAsked(TABS, said.tab);
  const found = useQuery({
    queryKey: ["tasks", "compared", ids],
    enabled: ids.length > 0 && ids.length <= MOST,
    queryFn: ({ signal }) => call("tasks.get_all_ex", { id: ids, only_fields: FIELDS, page: 0, page_size: MOST, search_hidden: true }, signal),
  });
  const runs = useMemo(() => runsOf(ids, found.data?.tasks ?? []), [ids, found.data]);
  const chosen = useChosenColours();
  const inks = useMemo(() => inksOf(ids, dark, chosen), [ids, dark, chosen]);
  const colours = useMemo(() => new Map([...inks].map(([id, { colour }]) => [id, colour])), [inks]);
  if (ids.length < 2 || ids.length > MOST)
    return (
      <div className="page">
        <h1>Compare</h1>
        <Empty title={ids.length > MOST ? `${count(ids.length)} runs are too many` : "Two runs or more can be compared"}>
          Choose 2 to {MOST} of them among the{" "}
          <Link to="/experiments" className="link">
            experiments
          </Link>
          , then Compare.
        </Empty>
      </div>
    );
  return (
    <div className="page">
      <header className="page-head">
        <h1 className="grow">Compare {count(ids.length)} runs</h1>
        <ToReport of={{ show: "table", runs: ids }} name="a table of these runs" />
      </header>
      <Found query={found}>
        {() => (
          <>
            <ul className="compared" aria-label="The runs" tabIndex={0}>
              {runs.map(({ id, name }) => (
                <li key={id}>
                  <Swatch id={id} name={name} ink={inks.get(id)} dark={dark} />
                  <Link to="/experiments/$id" params={{ id }} className="ellipsis" title={name}>
                    {name}
                  </Link>
                  <button type="button" aria-label={`Leave out ${name}`} onClick={() => set({ ids: ids.filter((one) => one !== id).join(",") })}>
                    <X size={13} aria-hidden />
                  </button>
                </li>
              ))}
            </ul>
            {runs.length < ids.length ? (
              <p className="soft small" role="status">
                {count(ids.length - runs.length)} of the runs can't be found: deleted, or not yours to see.
              </p>
            ) : null}
            <Tabbed label="Ways to compare" parts={TABS} asked={said.tab} onAsk={(tab) => set({ tab })} props={{ runs, inks, colours }} />
          </>
        )}
      </Found>
    </div>
  );
}
