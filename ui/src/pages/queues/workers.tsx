import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronDown, Cpu } from "lucide-react";

import { call } from "@/api/client";
import type { Worker } from "@/api/results";
import { useSaid } from "@/app/use-said";
import { Code, nameOf, TimeAgo } from "@/components/bits";
import { fetched } from "@/components/fetched";
import { count, duration } from "@/components/format";
import { Empty, Found } from "@/components/states";
import { LATEST, type Latest, latestOf } from "./load";
import { RangeChoice } from "./range";

const Load = fetched(() => import("./load-charts"));
const LATELY = 600;
const SILENT = 180_000;

/** Who runs what waits, how busy their machines are, and how busy they were. */
export default function Workers() {
  const workers = useQuery({ queryKey: ["workers", "all"], queryFn: ({ signal }) => call("workers.get_all", { last_seen: LATELY }, signal), refetchInterval: 15_000 });
  const latest = useQuery({
    queryKey: ["workers", "latest"],
    queryFn: async ({ signal }) => {
      const now = Math.ceil(Date.now() / 1000);
      return latestOf((await call("workers.get_stats", { from_date: now - 300, to_date: now, interval: 30, items: LATEST }, signal)).workers);
    },
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
  return <Found query={workers}>{({ workers: all }) => (all.length ? <All workers={all} latest={latest.data ?? new Map()} /> : <Nobody />)}</Found>;
}

function All({ workers, latest }: { workers: Worker[]; latest: ReadonlyMap<string, Latest> }) {
  const [said, set] = useSaid();
  const busy = workers.filter(({ task }) => task).length;
  return (
    <div className="stack">
      <div className="row wrap">
        <p className="grow soft" role="status">
          {count(workers.length)} {workers.length === 1 ? "worker" : "workers"}, {count(busy)} of them {busy === 1 ? "runs" : "run"} something
        </p>
        <RangeChoice />
      </div>
      <Load />
      <ul className="workers">
        {workers.map((worker) => {
          const isOpen = said.worker === worker.id;
          return (
            <li key={worker.id} className="panel">
              <WorkerHead worker={worker} latest={latest.get(worker.id)} isOpen={isOpen} onOpen={() => set({ worker: isOpen ? undefined : worker.id })} />
              {isOpen ? (
                <Load worker={worker.id} />
              ) : null}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function WorkerHead({ worker, latest, isOpen, onOpen }: { worker: Worker; latest: Latest | undefined; isOpen: boolean; onOpen: () => void }) {
  const isSilent = worker.last_activity_time !== undefined && Date.now() - new Date(worker.last_activity_time).getTime() > SILENT;
  return (
    <div className="worker">
      <div className="worker-name">
        <span className={`status ${isSilent ? "warn" : worker.task ? "run" : "calm"}`}>
          <span className={`dot ${worker.task && !isSilent ? "pulsing" : ""}`} aria-hidden />
          {isSilent ? "silent" : worker.task ? "running" : "idle"}
        </span>
        <span className="stack tight grow">
          <strong className="ellipsis" title={worker.id}>
            {worker.id}
          </strong>
          <span className="faint small ellipsis">
            {worker.queues?.map(({ name }) => name).join(", ") || "no queue"} · heard <TimeAgo at={worker.last_activity_time} />
          </span>
        </span>
      </div>
      <div className="worker-task stack tight">
        {worker.task ? (
          <>
            <Link to="/experiments/$id" params={{ id: worker.task.id }} className="ellipsis strong" title={worker.task.name}>
              {worker.task.name}
            </Link>
            <span className="faint small ellipsis">
              {nameOf(worker.project)} · {duration((worker.task.running_time ?? 0) / 1000)}
              {worker.task.last_iteration ? ` · step ${count(worker.task.last_iteration)}` : ""}
            </span>
          </>
        ) : (
          <span className="soft small">waits for a task</span>
        )}
      </div>
      <div className="worker-load">
        <Meter name="CPU" share={latest?.cpu} />
        {latest?.gpu === undefined ? null : <Meter name="GPU" share={latest.gpu} />}
        <Meter name="Memory" share={latest?.memory} />
      </div>
      <button type="button" className="button quiet icon-only" aria-expanded={isOpen} aria-label={`The load of ${worker.id} over time`} title="Load over time" onClick={onOpen}>
        <ChevronDown aria-hidden className={isOpen ? "turned" : ""} />
      </button>
    </div>
  );
}

function Meter({ name, share }: { name: string; share: number | undefined }) {
  const percent = share === undefined ? null : Math.round(Math.min(Math.max(share, 0), 1) * 100);
  return (
    <span className="meter small">
      <span className="soft">{name}</span>
      <span className="meter-bar" aria-hidden>
        <span style={{ width: `${percent ?? 0}%` }} className={percent !== null && percent > 90 ? "high" : ""} />
      </span>
      <span className="meter-value">{percent === null ? "–" : `${percent} %`}</span>
    </span>
  );
}

function Nobody() {
  return (
    <Empty title="No worker has been heard of" icon={<Cpu size={24} aria-hidden />}>
      <div className="stack">
        <p>An agent takes runs out of a queue. ClearML's works, with this server's key in its clearml.conf:</p>
        <Code>{"pip install clearml-agent\nclearml-agent daemon --queue default"}</Code>
      </div>
    </Empty>
  );
}
