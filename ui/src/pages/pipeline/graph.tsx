import { Graph as Layout, layout } from "@dagrejs/dagre";
import { Link } from "@tanstack/react-router";
import { Controls, type Edge, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import type { Search } from "@/app/router";
import { useIsDark } from "@/app/theme";
import { duration } from "@/components/format";
import { State, TONES } from "./state";
import type { Step } from "./steps";
import "@xyflow/react/dist/style.css";
import "../dataset/graph.css";
import "./pipeline.css";

type StepNode = Node<{ step: Step; isHere: boolean }, "step">;
type Place = { x: number; y: number };
const [WIDTH, HEIGHT] = [196, 64];
const TYPES = { step: StepBox };

/** The steps of a run, what comes first at the left; a click chooses one. */
export default function Graph({ steps, chosen }: { steps: Step[]; chosen: string | null }) {
  const dark = useIsDark();
  const shape = JSON.stringify(steps.map(({ name, parents }) => [name, parents]));
  const places = useMemo(() => placed(JSON.parse(shape) as [string, string[]][]), [shape]);
  const nodes = useMemo(
    () => steps.map((step): StepNode => ({ id: step.name, type: "step", position: places.get(step.name) ?? { x: 0, y: 0 }, width: WIDTH, height: HEIGHT, data: { step, isHere: step.name === chosen } })),
    [steps, places, chosen],
  );
  const edges = useMemo(
    () => steps.flatMap((step) => step.parents.map((parent): Edge => ({ id: `${parent} > ${step.name}`, source: parent, target: step.name, animated: step.state === "running" }))),
    [steps],
  );
  const tallest = Math.max(HEIGHT, ...[...places.values()].map(({ y }) => y + HEIGHT));
  return (
    <div className="graph pipeline-graph" style={{ height: Math.min(Math.max(tallest + 48, 170), 440) }}>
      <ReactFlow
        key={shape}
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        colorMode={dark ? "dark" : "light"}
        fitView
        fitViewOptions={{ maxZoom: 1, minZoom: 0.45, padding: 0.1 }}
        minZoom={0.1}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        preventScrolling={false}
        zoomOnScroll={false}
        proOptions={{ hideAttribution: true }}
      >
        <Controls showInteractive={false} position="bottom-right" />
      </ReactFlow>
    </div>
  );
}

function StepBox({ data: { step, isHere } }: NodeProps<StepNode>) {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
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
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}

function placed(shape: [string, string[]][]): Map<string, Place> {
  const graph = new Layout();
  graph.setGraph({ rankdir: "LR", nodesep: 20, ranksep: 56 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [name] of shape) graph.setNode(name, { width: WIDTH, height: HEIGHT });
  for (const [name, parents] of shape) for (const parent of parents) graph.setEdge(parent, name);
  layout(graph);
  return new Map(shape.map(([name]) => [name, { x: graph.node(name).x - WIDTH / 2, y: graph.node(name).y - HEIGHT / 2 }]));
}
