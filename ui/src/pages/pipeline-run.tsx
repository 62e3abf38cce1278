import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Archive, ArchiveRestore, CircleStop, Ellipsis, List as ListIcon, Play, Trash2, Waypoints, Workflow } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { call } from "@/api/client";
import { placeOf } from "@/api/pipelines";
import type { Task } from "@/api/types";
import { tell } from "@/app/toasts";
import { useSaid } from "@/app/use-said";
import { Id, nameOf, Status, Tags, TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { fetched } from "@/components/fetched";
import { count, duration } from "@/components/format";
import { Menu } from "@/components/menu";
import { PageHead } from "@/components/page-head";
import { Empty, Failed, Found, FoundOne } from "@/components/states";
import { useIsNarrow } from "@/components/use-narrow";
import { outcome, refresh, useDoing } from "./actions/doing";
import { Delete } from "./pipeline/delete";
import { List } from "./pipeline/list";
import { Panel } from "./pipeline/panel";
import { Start } from "./pipeline/start";
import { TONES } from "./pipeline/state";
import { countsOf, graphOf, idOf, isOver, secondsOf, type Step, stepsOf, versionOf } from "./pipeline/steps";
import "./pipeline/pipeline.css";

const Graph = fetched(() => import("./pipeline/graph"));
const MOST_DRAWN = 300;
const FIELDS = ["id", "name", "type", "status", "created", "started", "completed", "active_duration", "parent", "system_tags"];

/** One run of a pipeline: its steps, how far they are, and what the chosen one did. */
export function Page() {
  const { run: id } = useParams({ strict: false }) as { run: string };
  const found = useQuery({
    queryKey: ["task", id],
    queryFn: ({ signal }) => call("tasks.get_by_id_ex", { id: [id], search_hidden: true }, signal),
    refetchInterval: ({ state }) => (state.data?.tasks[0] && !isOver(state.data.tasks[0]) ? 10_000 : false),
  });
  return (
    <div className="page">
      <FoundOne query={found} among={({ tasks }) => tasks} one="run" id={id} icon={<Workflow size={24} aria-hidden />}>
        {(run) => <Run key={run.id} run={run} />}
      </FoundOne>
    </div>
  );
}

function Run({ run }: { run: Task }) {
  const nodes = useMemo(() => graphOf(run), [run]);
  const asked = useMemo(() => (nodes ?? []).flatMap(({ task }) => (task ? [task] : [])).sort(), [nodes]);
  const tasks = useQuery({
    queryKey: ["tasks", "steps", run.id, asked],
    queryFn: async ({ signal }) => {
      const only = { only_fields: FIELDS, search_hidden: true, page: 0, page_size: 1_000 };
      const { tasks: own } = await call("tasks.get_all_ex", { ...only, parent: [run.id] }, signal);
      const known = new Set(own.map(({ id }) => id));
      const others = asked.filter((id) => !known.has(id));
      return others.length ? [...own, ...(await call("tasks.get_all_ex", { ...only, id: others }, signal)).tasks] : own;
    },
    placeholderData: (before) => before,
  });
  const now = useNow(!isOver(run));
  return (
    <>
      <Head run={run} steps={tasks.data ? stepsOf(run, nodes, tasks.data, now) : []} isKnown={!tasks.isPending} now={now} />
      <Found query={tasks}>{(found) => <Steps run={run} steps={stepsOf(run, nodes, found, now)} isGraph={nodes !== null} />}</Found>
    </>
  );
}

/** The time, which goes on while something runs. */
function useNow(goesOn: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!goesOn) return;
    const timer = setInterval(() => setNow(Date.now()), 2_000);
    return () => clearInterval(timer);
  }, [goesOn]);
  return now;
}

/** `isKnown`: whether it is known which steps there are, all of which are aborted with the run. */
function Head({ run, steps, isKnown, now }: { run: Task; steps: Step[]; isKnown: boolean; now: number }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const doing = useDoing();
  const [asked, setAsked] = useState<"start" | "delete" | null>(null);
  const project = idOf(run.project);
  const { name, above } = placeOf(nameOf(run.project));
  const version = versionOf(run);
  const isArchived = run.system_tags?.includes("archived") ?? false;
  async function abort() {
    const active = steps.flatMap(({ id, state }) => (id !== null && (state === "running" || state === "queued") ? [id] : []));
    try {
      tell(outcome("stopped, or asked to stop", await call("tasks.stop_many", { ids: [run.id, ...active], status_reason: "aborted on the page" })));
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
    await refresh(client);
  }
  return (
    <PageHead
      isStacked
      where={
        <>
          <Link to="/pipelines" className="link">
            Pipelines
          </Link>
          {project ? (
            <>
              {" / "}
              <Link to="/pipelines/$id" params={{ id: project }} className="link">
                {above ? `${above} / ${name}` : name}
              </Link>
            </>
          ) : null}
        </>
      }
      title={
        <>
          {run.name} {version ? <span className="soft">{version}</span> : null}
        </>
      }
      facts={
        <>
          <Status of={run.status} />
          <Id of={run.id} />
          <span>by {nameOf(run.user) || "somebody"}</span>
          <span>
            made <TimeAgo at={run.created} />
          </span>
          {run.started ? <span>{isOver(run) ? "took" : "for"} {duration(secondsOf(run, now))}</span> : null}
          <Tags of={run} />
        </>
      }
      acts={
        <div className="row wrap">
          {run.status === "in_progress" || run.status === "queued" ? (
            <Button look="danger" icon={<CircleStop />} disabled={!isKnown} onClick={() => void abort()}>
              Abort
            </Button>
          ) : null}
          <Button look="strong" icon={<Play />} onClick={() => setAsked("start")}>
            New run
          </Button>
          <Menu
            button={<Button icon={<Ellipsis />} label="More to do" aria-haspopup="menu" />}
            choices={[
              { label: "Open as a run", icon: <Workflow aria-hidden />, onChoose: () => void navigate({ to: "/experiments/$id", params: { id: run.id } }) },
              isArchived
                ? { label: "Bring back", icon: <ArchiveRestore aria-hidden />, onChoose: () => void doing.bringBack([run.id]) }
                : { label: "Archive", icon: <Archive aria-hidden />, onChoose: () => void doing.archive([run.id]) },
              { label: "Delete…", icon: <Trash2 aria-hidden />, isDanger: true, onChoose: () => setAsked("delete") },
            ]}
          />
        </div>
      }
    >
      {run.status === "failed" && (run.status_message || run.status_reason) ? <p className="bad-line">{run.status_message || run.status_reason}</p> : null}
      {asked === "start" ? <Start from={run.id} project={project} onClose={() => setAsked(null)} /> : null}
      {asked === "delete" ? <Delete run={run} project={project} onClose={() => setAsked(null)} /> : null}
    </PageHead>
  );
}

function Steps({ run, steps, isGraph }: { run: Task; steps: Step[]; isGraph: boolean }) {
  const [said, set] = useSaid();
  const isNarrow = useIsNarrow();
  const asList = isNarrow || !isGraph || steps.length > MOST_DRAWN || said.view === "list";
  const chosen = steps.find(({ name }) => name === said.step) ?? null;
  const counts = countsOf(steps);
  if (!steps.length)
    return (
      <>
        <section className="panel">
          <Empty title="No steps yet" icon={<Workflow size={24} aria-hidden />}>
            {isOver(run) ? "This run made no step." : "They appear as soon as the controller has begun."}
          </Empty>
        </section>
        <Panel run={run} step={null} />
      </>
    );
  return (
    <>
      <section className="panel" aria-labelledby="steps">
        <div className="row wrap steps-head">
          <h2 id="steps">{count(steps.length)} steps</h2>
          <span className="progress" aria-hidden>
            {counts.map(([state, many]) => (
              <span key={state} className={TONES[state]} style={{ flexGrow: many }} />
            ))}
          </span>
          <span className="soft small grow" role="status">
            {counts.map(([state, many]) => `${count(many)} ${state}`).join(", ")}
          </span>
          {isNarrow || !isGraph || steps.length > MOST_DRAWN ? null : (
            <Button look="quiet" icon={asList ? <Waypoints /> : <ListIcon />} label={asList ? "Draw them" : "List them"} onClick={() => set({ view: asList ? undefined : "list" })} />
          )}
        </div>
        {isGraph ? null : run.configuration?.Pipeline ? <Failed error="What the controller wrote about its steps can't be read. These are the tasks that it started." /> : null}
        {asList ? (
          <List steps={steps} chosen={chosen?.name ?? null} />
        ) : (
          <Graph steps={steps} chosen={chosen?.name ?? null} />
        )}
      </section>
      <Panel key={chosen?.name ?? ""} run={run} step={chosen} />
    </>
  );
}
