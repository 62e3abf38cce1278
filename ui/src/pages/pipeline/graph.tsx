import { Link } from "@tanstack/react-router";
import type { Edge, Node, NodeProps } from "@xyflow/react";
import { useMemo } from "react";
import type { Search } from "@/app/router";
import { duration } from "@/components/format";
import { Ends, Graph as Drawn, placesOf } from "@/components/graph";
import { State, TONES } from "./state";
import type { Step } from "./steps";
import "./pipeline.css";

type StepNode = Node<{ step: Step; isHere: boolean }, "step">;
const SIZE = { width: 196, height: 64 };
const TYPES = { step: StepBox };

/** The steps of a run, what comes first at the left; a click chooses one. */
export default function Graph({ steps, chosen }: { steps: Step[]; chosen: string | null }) {
  const shape = JSON.stringify(steps.map(({ name, parents }) => ({ id: name, parents })));
  const places = useMemo(() => placesOf(JSON.parse(shape) as { id: string; parents: string[] }[], SIZE), [shape]);
  const nodes = useMemo(
    () => steps.map((step): StepNode => ({ id: step.name, type: "step", position: places.get(step.name) ?? { x: 0, y: 0 }, ...SIZE, data: { step, isHere: step.name === chosen } })),
    [steps, places, chosen],
  );
  const edges = useMemo(
    () => steps.flatMap((step) => step.parents.map((parent): Edge => ({ id: `${parent} > ${step.name}`, source: parent, target: step.name, animated: step.state === "running" }))),
    [steps],
  );
  const tallest = Math.max(SIZE.height, ...[...places.values()].map(({ y }) => y + SIZE.height));
  return <Drawn key={shape} className="pipeline-graph" nodes={nodes} edges={edges} types={TYPES} tallest={tallest + 48} heights={[170, 440]} fit={{ maxZoom: 1, minZoom: 0.45, padding: 0.1 }} />;
}

function StepBox({ data: { step, isHere } }: NodeProps<StepNode>) {
  return (
    <Ends>
      <Link
        to="."
        search={(before: Search) => ({ ...before, step: isHere ? undefined : step.name })}
        replace
        className={`step-box nopan ${TONES[step.state]} ${isHere ? "here" : ""}`}
        aria-current={isHere ? "true" : undefined}
        draggable={false}
        title={step.name}
      >
        <span className="ellipsis strong">{step.name}</span>
        <span className="row step-line">
          <State of={step.state} />
          <span className="soft small nowrap">{step.seconds === null ? "" : duration(step.seconds)}</span>
        </span>
      </Link>
    </Ends>
  );
}
