import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChartLine, Columns3, FlaskConical } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import { useOffer } from "@/app/actions";
import type { Search } from "@/app/router";
import { nameOf, Status, Tag, TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { count, duration, number } from "@/components/format";
import { Empty, Found } from "@/components/states";
import { type Column, Table } from "@/components/table";
import { useSlow } from "@/components/use-slow";
import { Actions } from "./actions/menu";
import { type Metric, read, sortOf, titleOf, valueOf, type Wanted, written } from "./experiments/columns";
import { Picker } from "./experiments/picker";

const PAGE_SIZE = 100;
const AHEAD = 60;
const FIELDS = [
  "id", "name", "status", "type", "last_update", "started", "completed", "active_duration", "tags", "user.name", "project.name", "last_iteration", "last_metrics", "hyperparams",
];
const STATUSES = ["created", "queued", "in_progress", "completed", "published", "stopped", "failed"];
const TYPES = ["training", "testing", "inference", "data_processing", "application", "monitor", "controller", "optimizer", "service", "qc", "custom"];
const NOT_RUNS = ["dataset", "annotation_manual"];

/** All runs, or those of a project: sorted, filtered, chosen. Every choice stands in the address. */
export function Page() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const [view, setView] = useState<[number, number]>([0, 0]);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const lastChosen = useRef<string | null>(null);
  const text = useSlow(search.q ?? "", 250);
  const order = search.order ?? "-last_update";

  const set = useCallback((values: Search) => void navigate({ to: ".", search: (before: Search) => ({ ...before, ...values }), replace: true }), [navigate]);

  const filter = useMemo(
    () => ({
      ...(search.project ? { project: [search.project], include_subprojects: true } : {}),
      ...(search.status ? { status: search.status.split(",") } : {}),
      ...(search.tag ? { tags: search.tag.split(",") } : {}),
      ...(text ? { _any_: { pattern: text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), fields: ["name", "id"] } } : {}),
      type: search.type ? [search.type] : NOT_RUNS.flatMap((type) => ["__$not", type]),
      system_tags: [search.archived ? "archived" : "-archived"],
    }),
    [search.project, search.status, search.tag, search.type, search.archived, text],
  );
  const metrics = useQuery({
    queryKey: ["metrics", search.project ?? ""],
    queryFn: ({ signal }) => call("projects.get_unique_metric_variants", { ...(search.project ? { project: search.project } : {}), include_subprojects: true }, signal),
    staleTime: 60_000,
  });

  const pages = useMemo(() => {
    // What lies a screen above and below is asked for before it is looked at.
    const first = Math.floor(Math.max(0, view[0] - AHEAD) / PAGE_SIZE);
    const last = Math.floor((view[1] + AHEAD) / PAGE_SIZE);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  }, [view]);
  const found = useQueries({
    queries: pages.map((page) => ({
      queryKey: ["tasks", filter, order, page],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        call("tasks.get_all_ex", { ...filter, only_fields: FIELDS, order_by: [order], page, page_size: PAGE_SIZE, search_hidden: false }, signal),
      placeholderData: keepPreviousData,
    })),
  });
  const total = useQuery({
    queryKey: ["tasks", "total", filter],
    queryFn: ({ signal }) => call("organization.get_entities_count", { tasks: { ...filter } }, signal),
    placeholderData: keepPreviousData,
  });
  const known = useRef(new Map<number, Task>());
  useMemo(() => known.current.clear(), [filter, order]);
  pages.forEach((page, index) => {
    const result = found[index];
    if (result?.data && !result.isPlaceholderData) for (const [at, task] of result.data.tasks.entries()) known.current.set(page * PAGE_SIZE + at, task);
  });

  const shown = (search.columns ?? "").split(",").filter(Boolean);
  const columns = useMemo(() => columnsOf(shown.map(read), metrics.data?.metrics ?? []), [search.columns, metrics.data]);
  const tags = useQuery({ queryKey: ["tags", "tasks"], queryFn: ({ signal }) => call("projects.get_task_tags", {}, signal), staleTime: 60_000 });
  const [isPicking, setPicking] = useState(false);

  const onSelect = useCallback((task: Task, on: boolean, isRange: boolean) => {
    setChosen((before) => {
      const next = new Set(before);
      const all = [...known.current.entries()].sort(([a], [b]) => a - b).map(([, one]) => one.id);
      const from = isRange && lastChosen.current ? all.indexOf(lastChosen.current) : -1;
      const to = all.indexOf(task.id);
      for (const id of from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [task.id]) {
        if (on) next.add(id);
        else next.delete(id);
      }
      return next;
    });
    lastChosen.current = task.id;
  }, []);
  const offers = useMemo(
    () =>
      chosen.size < 2 || chosen.size > 100
        ? []
        : [{ key: "compare", label: `Compare the ${count(chosen.size)} chosen runs`, icon: <ChartLine aria-hidden />, run: () => void navigate({ to: "/compare", search: { ids: [...chosen].join(",") } }) }],
    [chosen, navigate],
  );
  useOffer(offers);
  const onView = useCallback((first: number, last: number) => setView((before) => (before[0] === first && before[1] === last ? before : [first, last])), []);

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
            <Actions ids={[...chosen]} isArchived={search.archived === "1"} onGone={() => setChosen(new Set())} />
            <Button look="quiet" onClick={() => setChosen(new Set())}>
              Clear
            </Button>
          </div>
        ) : null}
      </div>
      <div className="row wrap filters" role="search">
        <input className="input quiet find" type="search" placeholder="Name or id" aria-label="Find by name or id" value={search.q ?? ""} onChange={(event) => set({ q: event.target.value || undefined })} />
        <select className="input quiet" aria-label="State" value={search.status ?? ""} onChange={(event) => set({ status: event.target.value || undefined })}>
          <option value="">every state</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {status === "in_progress" ? "running" : status === "created" ? "draft" : status}
            </option>
          ))}
        </select>
        <input className="input quiet" type="search" placeholder="Tag" aria-label="Tag" list="known-run-tags" value={search.tag ?? ""} onChange={(event) => set({ tag: event.target.value || undefined })} />
        <datalist id="known-run-tags">
          {tags.data?.tags.map((tag) => <option key={tag} value={tag} />)}
        </datalist>
        <select className="input quiet" aria-label="Type" value={search.type ?? ""} onChange={(event) => set({ type: event.target.value || undefined })}>
          <option value="">every type</option>
          {TYPES.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </select>
        <Button icon={<Columns3 />} onClick={() => setPicking(true)}>
          Columns
        </Button>
        {isPicking ? <Picker project={search.project} tasks={[...known.current.values()]} metrics={metrics.data?.metrics ?? []} shown={shown} onChange={(columns) => set({ columns: columns.join(",") || undefined })} onClose={() => setPicking(false)} /> : null}
        {shown.map((name) => (
          <button key={name} type="button" className="tag removable" aria-label={`Remove the column ${titleOf(read(name))}`} onClick={() => set({ columns: shown.filter((one) => one !== name).join(",") || undefined })}>
            {titleOf(read(name))} ×
          </button>
        ))}
        <label className="row small soft">
          <input type="checkbox" checked={search.archived === "1"} onChange={(event) => set({ archived: event.target.checked ? "1" : undefined })} /> archived
        </label>
        <span className="faint small" role="status">
          {total.data ? `${count(total.data.tasks ?? 0)} runs` : ""}
        </span>
      </div>
      <Found query={total}>
        {(counted) =>
          counted.tasks ? (
            <Table
              label="Experiments"
              columns={columns}
              total={counted.tasks}
              rowAt={(index) => known.current.get(index)}
              keyOf={(task) => task.id}
              onView={onView}
              order={order}
              onOrder={(next) => set({ order: next })}
              onOpen={(task) => void navigate({ to: "/experiments/$id", params: { id: task.id } })}
              selected={chosen}
              onSelect={onSelect}
            />
          ) : (
            <Empty title="No runs" icon={<FlaskConical size={24} aria-hidden />}>
              {search.q || search.status || search.tag || search.type ? "None fits what is asked for." : "They appear here as soon as a script calls Task.init."}
            </Empty>
          )
        }
      </Found>
    </div>
  );
}

function columnsOf(wanted: readonly Wanted[], metrics: readonly Metric[]): Column<Task>[] {
  return [
    { key: "name", title: "Name", width: 240, sort: "name", cell: (task) => <span className="ellipsis strong">{task.name}</span> },
    { key: "status", title: "State", width: 124, sort: "status", cell: (task) => <Status of={task.status} /> },
    ...wanted.map((one): Column<Task> => {
      const sort = sortOf(one, metrics);
      return {
        key: written(one),
        title: titleOf(one),
        width: 140,
        align: "end",
        ...(sort ? { sort } : {}),
        cell: (task) => {
          const value = valueOf(task, one);
          return typeof value === "number" ? number(value) : <span className="ellipsis" title={value}>{value ?? "–"}</span>;
        },
      };
    }),
    { key: "project", title: "Project", width: 170, sort: "project.name", cell: (task) => <span className="ellipsis soft">{nameOf(task.project)}</span> },
    { key: "tags", title: "Tags", width: 150, cell: (task) => task.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>) },
    { key: "iteration", title: "Step", width: 90, sort: "last_iteration", align: "end", cell: (task) => count(task.last_iteration) },
    { key: "duration", title: "Time", width: 110, sort: "active_duration", align: "end", cell: (task) => <span className="soft">{duration(task.active_duration)}</span> },
    { key: "user", title: "By", width: 100, cell: (task) => <span className="ellipsis soft">{nameOf(task.user)}</span> },
    { key: "changed", title: "Changed", width: 120, sort: "last_update", align: "end", cell: (task) => <span className="soft"><TimeAgo at={task.last_update} /></span> },
  ];
}
