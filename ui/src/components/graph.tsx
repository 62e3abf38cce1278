import { Graph as Layout, layout } from "@dagrejs/dagre";
import { Controls, type Edge, type FitViewOptions, Handle, type Node, type NodeTypes, Position, ReactFlow } from "@xyflow/react";
import type { ReactNode } from "react";
import { useIsDark } from "@/app/theme";
import "@xyflow/react/dist/style.css";
import "./graph.css";

export interface Place {
  x: number;
  y: number;
}
interface Size {
  width: number;
  height: number;
}
interface GraphProps<Box extends Node> {
  nodes: Box[];
  edges: Edge[];
  types: NodeTypes;
  /** Where the lowest box ends, and what of that the frame may be. */
  tallest: number;
  heights: [least: number, most: number];
  fit: FitViewOptions<Box>;
  className?: string;
}

/** Boxes with lines between them, from the left to the right, to look at and to choose from. Give it a `key`: another graph is drawn anew. */
export function Graph<Box extends Node>({ nodes, edges, types, tallest, heights: [least, most], fit, className = "" }: GraphProps<Box>) {
  const dark = useIsDark();
  return (
    <div className={`graph ${className}`} style={{ height: Math.min(Math.max(tallest, least), most) }}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={types}
        colorMode={dark ? "dark" : "light"}
        fitView
        fitViewOptions={fit}
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

/** What stands in a box, between the ends of the lines that come and go. */
export function Ends({ children }: { children: ReactNode }) {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      {children}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}

/** Where the corners of boxes lie, each right of those that it comes from. */
export function placesOf(boxes: readonly { id: string; parents: readonly string[] }[], { width, height }: Size): Map<string, Place> {
  const graph = new Layout();
  graph.setGraph({ rankdir: "LR", nodesep: 20, ranksep: 56 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of boxes) graph.setNode(id, { width, height });
  for (const { id, parents } of boxes) for (const parent of parents) graph.setEdge(parent, id);
  layout(graph);
  return new Map(boxes.map(({ id }) => [id, { x: graph.node(id).x - width / 2, y: graph.node(id).y - height / 2 }]));
}
