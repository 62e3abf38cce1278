import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChartLine, ExternalLink } from "lucide-react";
import { useEffect, useRef } from "react";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import { useSaid } from "@/app/use-said";
import { Facts, Id, nameOf, Status } from "@/components/bits";
import { fetched } from "@/components/fetched";
import { duration, number, time } from "@/components/format";
import { Empty, Found } from "@/components/states";
import { Tabbed } from "@/components/tabbed";
import { useIsNarrow } from "@/components/use-narrow";
import { metricsOf } from "../compare/runs";
import { State } from "./state";
import { secondsOf, type Step } from "./steps";
import "../experiment.css";

const PARTS = [
  ["about", "About", About],
  ["console", "Console", fetched(() => import("../experiment/console"))],
  ["metrics", "Metrics", Metrics],
  ["artifacts", "Artifacts", fetched(() => import("../experiment/artifacts"))],
] as const;

interface PartProps {
  task: Task;
  step: Step | null;
}

/** What is known of the chosen step; of the run itself, while no step is chosen. */
export function Panel({ run, step }: { run: Task; step: Step | null }) {
  const place = useRef<HTMLElement>(null);
  const isNarrow = useIsNarrow();
  const isChosen = step !== null;
  useEffect(() => {
    if (isChosen) place.current?.scrollIntoView({ block: isNarrow ? "start" : "nearest", behavior: "smooth" });
  }, [isChosen, isNarrow]);
  return (
    <section ref={place} className="panel pad step-panel" aria-labelledby="chosen">
      {step === null ? <Parts title="The controller" task={run} step={null} /> : step.id === null ? <Unstarted step={step} /> : <OfStep id={step.id} step={step} />}
    </section>
  );
}

function OfStep({ id, step }: { id: string; step: Step }) {
  const found = useQuery({ queryKey: ["task", id], queryFn: ({ signal }) => call("tasks.get_by_id_ex", { id: [id], search_hidden: true }, signal) });
  return <Found query={found}>{({ tasks: [task] }) => (task ? <Parts title={step.name} task={task} step={step} /> : <Unstarted step={step} />)}</Found>;
}

function Parts({ title, task, step }: PartProps & { title: string }) {
  const [said, set] = useSaid();
  return (
    <>
      <div className="row wrap step-panel-head">
        <h2 id="chosen" className="grow ellipsis">
          {title}
        </h2>
        {step ? <State of={step.state} /> : <Status of={task.status} />}
        <Link to="/experiments/$id" params={{ id: task.id }} className="button">
          <ExternalLink aria-hidden />
          Open the run
        </Link>
      </div>
      <Tabbed label="Parts of the step" parts={PARTS} asked={said.part} onAsk={(part) => set({ part })} props={{ task, step }} />
    </>
  );
}

function Unstarted({ step }: { step: Step }) {
  return (
    <>
      <div className="row wrap step-panel-head">
        <h2 id="chosen" className="grow ellipsis">
          {step.name}
        </h2>
        <State of={step.state} />
      </div>
      <p className="soft">{WHY[step.state] ?? "The task of this step is not there any more."}</p>
      <Given step={step} />
    </>
  );
}

const WHY: Partial<Record<Step["state"], string>> = {
  waiting: "It waits for the steps before it; there is no task of it yet.",
  queued: "Its task is being made.",
  skipped: "It was left out: a step before it did not end well, or the pipeline chose another way.",
  "not run": "The run ended before it was reached.",
};

function About({ task, step }: PartProps) {
  const parameters = Object.values(task.hyperparams ?? {}).flatMap((items) => Object.values(items)).filter(({ section, name }) => section !== "pipeline" && !(section === "properties" && name === "version"));
  return (
    <div className="stack">
      {task.status === "failed" && (task.status_message || task.status_reason) ? <pre className="reason">{task.status_message || task.status_reason}</pre> : null}
      <Facts
        of={[
          ["Task", <Id key="id" of={task.id} />],
          ["Name", task.name],
          ["Started", time(task.started)],
          ["Ended", time(task.completed)],
          ["Ran for", duration(secondsOf(task))],
          ["Queue", nameOf(task.execution?.queue) || step?.queue || "–"],
          ["Worker", task.last_worker || "–"],
          ...(step?.parents.length ? ([["After", step.parents.join(", ")]] as [string, string][]) : []),
        ]}
      />
      {step ? <Given step={step} /> : null}
      {parameters.length ? (
        <div>
          <h3 className="step-heading">{step ? "What it ran with" : "Arguments"}</h3>
          <table className="grid-table">
            <tbody>
              {parameters.map(({ section, name, value }) => (
                <tr key={`${section}/${name}`}>
                  <th scope="row">{section === "Args" && !step ? name : `${section}/${name}`}</th>
                  <td className="mono">{value || <span className="faint">empty</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </div>
  );
}

/** What the pipeline gives to a step, as its author wrote it. */
function Given({ step }: { step: Step }) {
  return step.parameters.length ? (
    <div>
      <h3 className="step-heading">What the pipeline gives to it</h3>
      <table className="grid-table">
        <tbody>
          {step.parameters.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="mono">{value || <span className="faint">empty</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  ) : null;
}

function Metrics({ task }: PartProps) {
  const metrics = metricsOf(task).sort((a, b) => Number(a.metric.startsWith(":monitor:")) - Number(b.metric.startsWith(":monitor:")) || a.name.localeCompare(b.name));
  if (!metrics.length)
    return (
      <Empty title="No metrics" icon={<ChartLine size={24} aria-hidden />}>
        What this step reports as scalars appears here with its last value.
      </Empty>
    );
  return (
    <div className="stack">
      <table className="grid-table step-metrics">
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col" className="end">
              Last
            </th>
          </tr>
        </thead>
        <tbody>
          {metrics.map(({ name, value }) => (
            <tr key={name}>
              <th scope="row">{name.replace(/^:monitor:/, "machine: ")}</th>
              <td className="end">{number(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        <Link to="/experiments/$id" params={{ id: task.id }} search={{ tab: "scalars" }} className="link">
          Show the curves and plots
        </Link>
      </p>
    </div>
  );
}
