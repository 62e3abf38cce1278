import { Link } from "@tanstack/react-router";
import type { Edge, Node, NodeProps } from "@xyflow/react";
import { useMemo } from "react";
import type { LineageNode, Version } from "@/api/datasets";
import { Status } from "@/components/bits";
import { Ends, Graph as Drawn, placesOf } from "@/components/graph";
import { nodeName } from "./lineage";
import "./graph.css";

type VersionNode = Node<{ node: LineageNode; label: string; isHere: boolean }, "version">;
const SIZE = { width: 168, height: 62 };
const TYPES = { version: VersionBox };

/** How versions descend from each other, oldest at the left. */
export default function Graph({ nodes, version }: { nodes: LineageNode[]; version: Version }) {
  const drawn = useMemo(() => placed(nodes, version), [nodes, version]);
  const tallest = Math.max(...drawn.nodes.map(({ position }) => position.y + SIZE.height));
  return (
    <Drawn
      key={version.id}
      nodes={drawn.nodes}
      edges={drawn.edges}
      types={TYPES}
      tallest={tallest + 80}
      heights={[200, 520]}
      fit={{ maxZoom: 1, padding: 0.12, nodes: drawn.nodes.length > 12 ? around(drawn, version.id) : drawn.nodes }}
    />
  );
}

function VersionBox({ data: { node, label, isHere } }: NodeProps<VersionNode>) {
  return (
    <Ends>
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
    </Ends>
  );
}

function placed(nodes: LineageNode[], version: Version): { nodes: VersionNode[]; edges: Edge[] } {
  const known = new Set(nodes.map(({ id }) => id));
  const boxes = nodes.map(({ id, parents }) => ({ id, parents: parents.filter((parent) => known.has(parent)) }));
  const places = placesOf(boxes, SIZE);
  return {
    edges: boxes.flatMap(({ id, parents }) => parents.map((parent): Edge => ({ id: `${parent}-${id}`, source: parent, target: id }))),
    nodes: nodes.map((node) => ({
      id: node.id,
      type: "version",
      position: places.get(node.id) ?? { x: 0, y: 0 },
      ...SIZE,
      data: { node, label: node.deleted ? node.id.slice(0, 8) : nodeName(node, version), isHere: node.id === version.id },
    })),
  };
}

/** The version itself with its parents and children, which is what is looked for in a large graph. */
function around({ nodes, edges }: { nodes: VersionNode[]; edges: Edge[] }, id: string): VersionNode[] {
  const near = new Set([id, ...edges.flatMap(({ source, target }) => (source === id ? [target] : target === id ? [source] : []))]);
  return nodes.filter((node) => near.has(node.id));
}
