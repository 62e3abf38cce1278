import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { call } from "@/api/client";
import { useIsDark } from "@/app/theme";
import { inksOf, useChosenColours } from "@/charts/colours";
import { lookOf } from "@/charts/controls";
import { Figure } from "@/charts/figure";
import type { Span } from "@/charts/view";
import { Status } from "@/components/bits";
import { count, number } from "@/components/format";
import { Sample } from "@/components/sample";
import { Busy, Failed } from "@/components/states";
import { useSeen } from "@/components/use-seen";
import { Overlaid } from "../compare/overlaid";
import { type Run, runsOf, traitsOf } from "../compare/runs";
import { curveNamesOf } from "../experiment/curve-names";
import { ScalarChart } from "../experiment/scalar-chart";
import type { Embed } from "./embed";
import "../experiment.css";
import "../compare.css";

const FIELDS = ["id", "name", "status", "type", "tags", "last_iteration", "last_metrics", "hyperparams", "started", "last_update"];
const MOST_COLUMNS = 12;

/** What a block of a report asks for, as it is now. It is asked for when it comes near the view. */
export function Shown({ embed }: { embed: Embed }) {
  const [place, seen] = useSeen<HTMLElement>();
  const runs = useQuery({ queryKey: ["tasks", "embedded", embed.runs, embed.project, embed.tags, embed.last], enabled: seen, placeholderData: keepPreviousData, queryFn: ({ signal }) => found(embed, signal) });
  const Part = PARTS[embed.show];
  return (
    <figure ref={place} className={`embed embed-${embed.show}`}>
      {runs.error ? (
        <Box title={titleOf(embed)}>
          <Failed error={runs.error} onRetry={() => void runs.refetch()} />
        </Box>
      ) : runs.data === undefined ? (
        <Box title={titleOf(embed)}>
          <Busy />
        </Box>
      ) : runs.data.length === 0 ? (
        <Box title={titleOf(embed)}>
          <p className="state soft">{embed.runs.length ? "These runs can't be found: deleted, or not yours to see." : "No run fits."}</p>
        </Box>
      ) : (
        <>
          <Part embed={embed} runs={runs.data} />
          <Caption runs={runs.data} missing={Math.max(0, embed.runs.length - runs.data.length)} />
        </>
      )}
    </figure>
  );
}

async function found(embed: Embed, signal: AbortSignal): Promise<Run[]> {
  const asked = { only_fields: FIELDS, page: 0, search_hidden: true };
  if (embed.runs.length) {
    const { tasks } = await call("tasks.get_all_ex", { ...asked, id: embed.runs, page_size: embed.runs.length }, signal);
    return runsOf(embed.runs, tasks);
  }
  const within = embed.project ? (await call("projects.get_all_ex", { name: `^${escaped(embed.project)}$`, only_fields: ["id"], search_hidden: true }, signal)).projects : null;
  if (within?.length === 0) return [];
  const { tasks } = await call(
    "tasks.get_all_ex",
    {
      ...asked,
      search_hidden: false,
      ...(within ? { project: within.map(({ id }) => id), include_subprojects: true } : {}),
      system_tags: ["-archived"],
      type: ["-report"],
      ...(embed.tags.length ? { tags: ["__$all", ...embed.tags] } : {}),
      order_by: ["-last_update"],
      page_size: embed.last,
    },
    signal,
  );
  return runsOf(tasks.map(({ id }) => id), tasks);
}

interface PartProps {
  embed: Embed;
  runs: Run[];
}

const PARTS: Record<Embed["show"], (props: PartProps) => ReactNode> = { scalars: Scalars, plot: Plots, samples: Samples, values: Values, table: RunTable };

function Scalars({ embed, runs }: PartProps) {
  const dark = useIsDark();
  const chosen = useChosenColours();
  const [range, setRange] = useState<Span | null>(null);
  const look = useMemo(() => lookOf({ x: embed.x || undefined, smooth: embed.smooth || undefined, log: embed.log ? "1" : undefined }), [embed.x, embed.smooth, embed.log]);
  const inks = useMemo(() => inksOf(runs.map(({ id }) => id), dark, chosen), [runs, dark, chosen]);
  const variants = useMemo(() => {
    const reported = new Set(runs.flatMap(({ task }) => curveNamesOf(task).flatMap(({ metric, variant }) => (metric === embed.metric ? [variant] : []))));
    return embed.variants.length ? embed.variants.filter((variant) => reported.has(variant)) : [...reported].sort();
  }, [runs, embed]);
  const title = titleOf(embed);
  const charts = useMemo(() => {
    const curve = (variant: string, name: string) => ({ metric: embed.metric, variant, name });
    if (runs.length === 1) return [{ title, section: "", curves: variants.map((variant) => curve(variant, variant)) }];
    return variants.map((variant) => ({ title: variants.length === 1 ? title : `${title} / ${variant}`, section: "", curves: [curve(variant, variant)] }));
  }, [runs.length, variants, title, embed.metric]);
  const [first] = runs;
  if (!variants.length || first === undefined)
    return (
      <Box title={title}>
        <p className="state soft">None of these runs has reported it.</p>
      </Box>
    );
  return (
    <div className={charts.length > 1 ? "side-by-side" : ""}>
      {charts.map((chart) =>
        runs.length === 1 ? (
          <ScalarChart key={chart.title} task={first.task} chart={chart} look={look} range={range} onZoom={setRange} isEmbedded />
        ) : (
          <Overlaid key={chart.title} chart={chart} runs={runs} look={look} groups={null} inks={inks} range={range} onZoom={setRange} isEmbedded />
        ),
      )}
    </div>
  );
}

function Plots({ embed, runs }: PartProps) {
  const ids = runs.map(({ id }) => id);
  const plots = useQuery({
    queryKey: ["tasks", "plots", ids, embed.metric, embed.variants],
    queryFn: ({ signal }) =>
      call("events.get_multi_task_plots", { tasks: ids, iters: 1, no_scroll: true, metrics: [{ metric: embed.metric, ...(embed.variants.length ? { variants: embed.variants } : {}) }] }, signal),
  });
  if (plots.error) return <Failed error={plots.error} onRetry={() => void plots.refetch()} />;
  if (plots.data === undefined) return <Box title={titleOf(embed)}>{<Busy />}</Box>;
  const drawn = Object.entries(plots.data.plots[embed.metric] ?? {}).flatMap(([variant, byRun]) =>
    runs.flatMap((run) => Object.entries(byRun[run.id] ?? {}).flatMap(([step, { plots: all }]) => all.map((plot) => ({ key: `${variant} ${run.id} ${step}`, name: variant, run, step: Number(step), text: plot.plot_str })))),
  );
  if (!drawn.length)
    return (
      <Box title={titleOf(embed)}>
        <p className="state soft">None of these runs has reported it.</p>
      </Box>
    );
  return (
    <div className={drawn.length > 1 ? "side-by-side" : ""}>
      {drawn.map(({ key, name, run, step, text }) => (
        <section key={key} className="panel chart-panel">
          <header>
            <h3 className="grow ellipsis">{embed.title || `${embed.metric} / ${name}`}</h3>
            <span className="faint small nowrap">{runs.length > 1 ? run.name : `step ${count(step)}`}</span>
          </header>
          <Figure text={text} label={`${embed.metric} / ${name} of ${run.name}`} />
        </section>
      ))}
    </div>
  );
}

function Samples({ embed, runs }: PartProps) {
  const ids = runs.map(({ id }) => id);
  const images = useQuery({
    queryKey: ["tasks", "samples", ids, embed.metric, embed.variants],
    queryFn: ({ signal }) =>
      call("events.debug_images", { metrics: ids.map((task) => ({ task, ...(embed.metric ? { metric: embed.metric } : {}), ...(embed.variants.length ? { variants: embed.variants } : {}) })), iters: 1 }, signal),
  });
  if (images.error) return <Failed error={images.error} onRetry={() => void images.refetch()} />;
  const all = images.data?.metrics.flatMap(({ task, iterations }) => iterations.flatMap(({ events }) => events.map((event) => ({ task, event })))) ?? [];
  return (
    <Box title={titleOf(embed)}>
      {images.data === undefined ? (
        <Busy />
      ) : all.length ? (
        <div className="samples">
          {all.map(({ task, event }) => (
            <Sample key={`${task} ${event.metric}/${event.variant}`} event={event} name={runs.length > 1 ? `${runs.find(({ id }) => id === task)?.name ?? ""}: ${event.variant}` : event.variant} />
          ))}
        </div>
      ) : (
        <p className="state soft">None of these runs has reported samples.</p>
      )}
    </Box>
  );
}

function Values({ embed, runs }: PartProps) {
  const ids = runs.map(({ id }) => id);
  const values = useQuery({ queryKey: ["tasks", "single", ids], queryFn: ({ signal }) => call("events.get_task_single_value_metrics", { tasks: ids }, signal) });
  if (values.error) return <Failed error={values.error} onRetry={() => void values.refetch()} />;
  const byRun = new Map(values.data?.tasks.map(({ task, values: all }) => [task, new Map(all.map(({ variant, value }) => [variant, value]))]));
  const names = [...new Set([...byRun.values()].flatMap((all) => [...all.keys()]))].filter((name) => !embed.variants.length || embed.variants.includes(name)).sort();
  if (values.data && !names.length)
    return (
      <Box title={titleOf(embed)}>
        <p className="state soft">None of these runs has reported a single value.</p>
      </Box>
    );
  return runs.length === 1 ? (
    <div className="values">
      {names.map((name) => (
        <div key={name} className="panel value">
          <span className="soft small ellipsis">{name}</span>
          <strong>{number(byRun.get(ids[0] ?? "")?.get(name))}</strong>
        </div>
      ))}
    </div>
  ) : (
    <Rows title={titleOf(embed)} columns={names} rows={runs.map((run) => ({ run, cells: names.map((name) => number(byRun.get(run.id)?.get(name))) }))} />
  );
}

/** Runs below each other, with those parameters and metrics that are asked for; or, if none are, in which they differ. */
function RunTable({ embed, runs }: PartProps) {
  const traits = traitsOf(runs).filter(({ kind }) => kind !== "fact");
  const isOwn = ({ name }: { name: string }) => !name.startsWith(":monitor:");
  const asked = embed.columns.length ? embed.columns.flatMap((column) => traits.filter(({ name }) => name === column).slice(0, 1)) : traits.filter((trait) => isOwn(trait) && (trait.kind === "metric" || trait.values.some((value) => value !== trait.values[0])));
  const columns = asked.slice(0, MOST_COLUMNS);
  return <Rows title={titleOf(embed)} columns={columns.map(({ name }) => name)} rows={runs.map((run, at) => ({ run, cells: columns.map(({ values }) => (typeof values[at] === "number" ? number(values[at]) : (values[at] ?? "–"))) }))} />;
}

function Rows({ title, columns, rows }: { title: string; columns: string[]; rows: { run: Run; cells: (string | number)[] }[] }) {
  return (
    <section className="panel runs-table" aria-label={title} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            {columns.map((name) => (
              <th key={name} scope="col" className="end">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ run, cells }) => (
            <tr key={run.id}>
              <th scope="row">
                <Link to="/experiments/$id" params={{ id: run.id }} className="link">
                  {run.name}
                </Link>
              </th>
              <td>
                <Status of={run.task.status} />
              </td>
              {cells.map((cell, at) => (
                <td key={columns[at]} className="end">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Box({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="panel chart-panel embed-box">
      <header>
        <h3 className="grow ellipsis">{title}</h3>
      </header>
      {children}
    </section>
  );
}

/** Which runs are shown, and the way to them. */
function Caption({ runs, missing }: { runs: Run[]; missing: number }) {
  const [first] = runs;
  return (
    <figcaption className="small soft">
      {runs.length === 1 && first ? (
        <>
          of{" "}
          <Link to="/experiments/$id" params={{ id: first.id }} className="link">
            {first.name}
          </Link>
        </>
      ) : (
        <>
          of{" "}
          <Link to="/compare" search={{ ids: runs.map(({ id }) => id).join(",") }} className="link">
            {count(runs.length)} runs
          </Link>
        </>
      )}
      {runs.some(({ task }) => task.status === "in_progress") ? ", live" : ""}
      {missing ? `; ${count(missing)} more can't be found` : ""}
    </figcaption>
  );
}

function titleOf(embed: Embed): string {
  if (embed.title) return embed.title;
  if (embed.show === "table") return "Runs";
  if (embed.show === "values") return "Values";
  const [variant] = embed.variants;
  return embed.metric ? (embed.variants.length === 1 && variant ? `${embed.metric} / ${variant}` : embed.metric) : "Samples";
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
