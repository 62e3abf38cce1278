import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChartLine, Columns3, FlaskConical } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { BASE, call } from "@/api/client";
import type { Task } from "@/api/types";
import { useOffer } from "@/app/actions";
import { useSaid } from "@/app/use-said";
import { Code } from "@/components/bits";
import { Button } from "@/components/button";
import { SortBy } from "@/components/card";
import { Find } from "@/components/find";
import { count, some } from "@/components/format";
import { Archived } from "@/components/list-page";
import { Empty, Failed, Found } from "@/components/states";
import { type Column, Table } from "@/components/table";
import { useIsNarrow } from "@/components/use-narrow";
import { useRows } from "@/components/use-rows";
import { useSlow } from "@/components/use-slow";
import { Actions } from "./actions/menu";
import { cellOf, heightOf, isAtEnd, RunCard } from "./experiments/cells";
import { ColumnMenu } from "./experiments/column-menu";
import { fieldsOf, layoutOf, type Metric, saidOf, saidWidths, sortOf, titleAt, usualWidth, widthsOf } from "./experiments/columns";
import { needsMetrics, readConditions, requestOf } from "./experiments/conditions";
import { AddFilter, Chips, filteredBy } from "./experiments/filters";
import { useMetrics } from "./experiments/found";
import { Picker } from "./experiments/picker";
import { Views } from "./experiments/views";
import "./experiments.css";

const NEWEST = "-last_update";
const NONE: Metric[] = [];

/** All runs, or those of a project: sorted, filtered, chosen. Every choice stands in the address. */
export function Page() {
  const [search, set] = useSaid();
  const navigate = useNavigate();
  const isNarrow = useIsNarrow();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const lastChosen = useRef<string | null>(null);
  const [isPicking, setPicking] = useState(false);
  const text = useSlow(search.q ?? "", 250);
  const order = search.order ?? NEWEST;

  const layout = useMemo(() => layoutOf(search.columns), [search.columns]);
  const asksMetrics = needsMetrics([...layout, ...readConditions(search.where).map(({ key }) => key)]);
  const metrics = useMetrics(search.project, asksMetrics);
  const found = asksMetrics ? metrics.data?.metrics : NONE;

  const { q, status, tag, type, user, project, archived, where } = search;
  const request = useMemo(
    () => requestOf({ status, tag, type, user, project, archived, where }, text, found),
    [status, tag, type, user, project, archived, where, text, found],
  );
  const fields = useMemo(() => fieldsOf(layout, found ?? []), [layout, found]);
  const isReady = request !== undefined && (found !== undefined || metrics.error !== null);
  const ask = async (page: number, size: number, signal: AbortSignal) => {
    const body = { ...request, only_fields: fields, order_by: [order], page, page_size: size, search_hidden: false };
    return (await call("tasks.get_all_ex", body, signal)).tasks;
  };
  // To sort by a parameter, the server reads those of all runs: it is asked less often, and for more.
  const rows = useRows(["tasks", request, order, fields], isReady, ask, order.includes("hyperparams.") ? 1_000 : 200);
  const total = useQuery({
    queryKey: ["tasks", "total", request],
    enabled: request !== undefined,
    queryFn: ({ signal }) => call("organization.get_entities_count", { tasks: request }, signal),
    placeholderData: keepPreviousData,
  });

  const columns = useMemo(() => {
    const widths = widthsOf(search.widths);
    const filtered = filteredBy(search);
    return layout.map((key): Column<Task> => {
      const sort = sortOf(key, found ?? []);
      const title = titleAt(key);
      return {
        key,
        title,
        width: widths.get(key) ?? usualWidth(key),
        cell: cellOf(key),
        ...(sort ? { sort } : {}),
        ...(isAtEnd(key) ? { align: "end" as const } : {}),
        menu: <ColumnMenu column={key} title={title} sort={sort} isFiltered={filtered.has(key)} search={search} layout={layout} onSet={set} />,
      };
    });
  }, [layout, found, search, set]);
  const card = useCallback((task: Task) => <RunCard task={task} layout={layout} />, [layout]);

  const known = rows.known;
  const onSelect = useCallback(
    (task: Task, on: boolean, isRange: boolean) => {
      setChosen((before) => {
        const next = new Set(before);
        const all = [...known.entries()].sort(([a], [b]) => a - b).map(([, one]) => one.id);
        const from = isRange && lastChosen.current ? all.indexOf(lastChosen.current) : -1;
        const to = all.indexOf(task.id);
        for (const id of from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [task.id]) {
          if (on) next.add(id);
          else next.delete(id);
        }
        return next;
      });
      lastChosen.current = task.id;
    },
    [known],
  );
  const offers = useMemo(
    () =>
      chosen.size < 2 || chosen.size > 100
        ? []
        : [{ key: "compare", label: `Compare the ${count(chosen.size)} chosen runs`, icon: <ChartLine aria-hidden />, run: () => void navigate({ to: "/compare", search: { ids: [...chosen].join(",") } }) }],
    [chosen, navigate],
  );
  useOffer(offers);
  const onMove = (key: string, before: string) => {
    const rest = layout.filter((one) => one !== key);
    rest.splice(layout.indexOf(key) < layout.indexOf(before) ? rest.indexOf(before) + 1 : rest.indexOf(before), 0, key);
    set({ columns: saidOf(rest) });
  };
  const isFiltered = Boolean(q || status || tag || type || user || where);

  return (
    <div className="page full">
      <div className="page-head">
        <div className="grow">
          <h1>Experiments</h1>
        </div>
        {chosen.size ? (
          <div className="row wrap">
            <span className="soft">{count(chosen.size)} chosen</span>
            <Button look="strong" icon={<ChartLine />} disabled={chosen.size < 2 || chosen.size > 100} onClick={() => void navigate({ to: "/compare", search: { ids: [...chosen].join(",") } })}>
              Compare
            </Button>
            <Actions ids={[...chosen]} isArchived={archived === "1"} onGone={() => setChosen(new Set())} />
            <Button look="quiet" onClick={() => setChosen(new Set())}>
              Clear
            </Button>
          </div>
        ) : null}
      </div>
      <div className="row wrap filters" role="search">
        <Find what="by name or id" hint="Name or id" said={q} set={(next) => set({ q: next })} />
        <AddFilter search={search} request={request ?? {}} onSet={set} />
        <Button icon={<Columns3 />} onClick={() => setPicking(true)}>
          Columns
        </Button>
        <Views search={search} onOpen={(kept) => void navigate({ to: "/experiments", search: kept })} />
        {isNarrow ? <SortBy columns={columns} order={order} onOrder={(next) => set({ order: next })} /> : null}
        <Archived />
        <span className="faint small" role="status">
          {total.data ? some(total.data.tasks ?? 0, "run") : ""}
        </span>
      </div>
      <Chips search={search} onSet={set} />
      {isPicking ? (
        <Picker
          project={project}
          request={request ?? {}}
          layout={layout}
          onChange={(next) => set({ columns: saidOf(next) })}
          onUsual={() => set({ columns: undefined, widths: undefined })}
          onClose={() => setPicking(false)}
        />
      ) : null}
      {rows.error && !known.size ? <Failed error={rows.error} onRetry={() => void rows.retry()} /> : null}
      <Found<unknown> query={total.data || !metrics.error ? total : metrics}>
        {() =>
          total.data?.tasks || isFiltered ? (
            <Table
              label="Experiments"
              columns={columns}
              total={total.data?.tasks ?? 0}
              rowAt={rows.rowAt}
              keyOf={(task) => task.id}
              onView={rows.onView}
              order={order}
              onOrder={(next) => set({ order: next === NEWEST ? undefined : next })}
              onOpen={(task) => void navigate({ to: "/experiments/$id", params: { id: task.id } })}
              selected={chosen}
              onSelect={onSelect}
              onWidth={(key, width) => set({ widths: saidWidths(widthsOf(search.widths).set(key, width)) })}
              onMove={onMove}
              card={isNarrow ? card : undefined}
              empty={
                <Empty title="No runs" icon={<FlaskConical size={24} aria-hidden />}>
                  <div className="stack center">
                    <p>None fits what is asked for.</p>
                    <Button onClick={() => set({ q: undefined, status: undefined, tag: undefined, type: undefined, user: undefined, where: undefined })}>Ask for all</Button>
                  </div>
                </Empty>
              }
              height={isNarrow ? heightOf(layout) : 40}
            />
          ) : (
            <Empty title="No runs" icon={<FlaskConical size={24} aria-hidden />}>
              {archived ? (
                "No run is archived."
              ) : (
                <div className="stack">
                  <p>They appear here as soon as a script calls Task.init, once it is known where this server is.</p>
                  <Code>{`tilth init ${location.origin}${BASE}\npython -c 'from tilth import Task; Task.init("Team", "first")'`}</Code>
                </div>
              )}
            </Empty>
          )
        }
      </Found>
    </div>
  );
}
