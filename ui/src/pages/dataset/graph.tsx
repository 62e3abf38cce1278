import { Graph as Layout, layout } from "@dagrejs/dagre";
import { Link } from "@tanstack/react-router";
import { Controls, type Edge, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import type { LineageNode, Version } from "@/api/datasets";
import { useIsDark } from "@/app/theme";
import { Status } from "@/components/bits";
import { nodeName } from "./lineage";
import "@xyflow/react/dist/style.css";
import "./graph.css";

type VersionNode = Node<{ node: LineageNode; label: string; isHere: boolean }, "version">;
const [WIDTH, HEIGHT] = [168, 62];
const TYPES = { version: VersionBox };

/** How versions descend from each other, oldest at the left. */
export default function Graph({ nodes, version }: { nodes: LineageNode[]; version: Version }) {
  const dark = useIsDark();
  const drawn = useMemo(() => placed(nodes, version), [nodes, version]);
  const tallest = Math.max(...drawn.nodes.map(({ position }) => position.y + HEIGHT));
  return (
    <div className="graph" style={{ height: Math.min(Math.max(tallest + 80, 200), 520) }}>
      <ReactFlow
        key={version.id}
        nodes={drawn.nodes}
        edges={drawn.edges}
        nodeTypes={TYPES}
        colorMode={dark ? "dark" : "light"}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.12, nodes: drawn.nodes.length > 12 ? around(drawn, version.id) : drawn.nodes }}
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

function VersionBox({ data: { node, label, isHere } }: NodeProps<VersionNode>) {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      {node.deleted ? (
        <span className="version-box gone">
          <span className="ellipsis">{label}</span>
          <span className="faint small">deleted</span>
        </span>
      ) : (
        <Link to="/datasets/$id" params={{ id: node.id }} className={`version-box nopan ${isHere ? "here" : ""}`} aria-current={isHere ? "true" : undefined} draggable={false}>
          <span className="ellipsis strong">{label}</span>
          {node.status ? <Status of={node.status} /> : null}
        </Link>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}

function placed(nodes: LineageNode[], version: Version): { nodes: VersionNode[]; edges: Edge[] } {
  const graph = new Layout();
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 56 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(({ id }) => id));
  for (const { id } of nodes) graph.setNode(id, { width: WIDTH, height: HEIGHT });
  const edges: Edge[] = nodes.flatMap((node) => node.parents.filter((parent) => known.has(parent)).map((parent) => ({ id: `${parent}-${node.id}`, source: parent, target: node.id })));
  for (const { source, target } of edges) graph.setEdge(source, target);
  layout(graph);
  return {
    edges,
    nodes: nodes.map((node) => {
      const at = graph.node(node.id);
      return {
        id: node.id,
        type: "version",
        position: { x: at.x - WIDTH / 2, y: at.y - HEIGHT / 2 },
        width: WIDTH,
        height: HEIGHT,
        data: { node, label: node.deleted ? node.id.slice(0, 8) : nodeName(node, version), isHere: node.id === version.id },
      };
    }),
  };
}

/** The version itself with its parents and children, which is what is looked for in a large graph. */
function around({ nodes, edges }: { nodes: VersionNode[]; edges: Edge[] }, id: string): VersionNode[] {
  const near = new Set([id, ...edges.flatMap(({ source, target }) => (source === id ? [target] : target === id ? [source] : []))]);
  return nodes.filter((node) => near.has(node.id));
}
