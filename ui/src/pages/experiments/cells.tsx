import type { ReactNode } from "react";
import type { Task } from "@/api/types";
import { nameOf, Status, Tag, TimeAgo } from "@/components/bits";
import { Card, cardHeight } from "@/components/card";
import { count, duration, number } from "@/components/format";
import { known, type KnownKey, read, titleAt, valueOf } from "./columns";

const CELLS: Record<KnownKey, (task: Task) => ReactNode> = {
  "@name": (task) => (
    <span className="ellipsis strong" title={task.name}>
      {task.name}
    </span>
  ),
  "@status": (task) => <Status of={task.status} />,
  "@project": (task) => (
    <span className="ellipsis soft" title={nameOf(task.project)}>
      {nameOf(task.project)}
    </span>
  ),
  "@tags": (task) => task.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>),
  "@iteration": (task) => count(task.last_iteration),
  "@duration": (task) => <span className="soft">{duration(task.active_duration)}</span>,
  "@user": (task) => <span className="ellipsis soft">{nameOf(task.user)}</span>,
  "@changed": (task) => <Ago at={task.last_update} />,
  "@started": (task) => <Ago at={task.started} />,
  "@created": (task) => <Ago at={task.created} />,
  "@type": (task) => <span className="ellipsis soft">{task.type}</span>,
  "@worker": (task) => <span className="ellipsis soft">{task.last_worker ?? "–"}</span>,
};
const AT_THE_END = new Set(["@iteration", "@duration", "@changed", "@started", "@created"]);

function Ago({ at }: { at: string | null | undefined }) {
  return (
    <span className="soft">
      <TimeAgo at={at} />
    </span>
  );
}

/** What a run has in a column. */
export function cellOf(key: string): (task: Task) => ReactNode {
  if (known(key)) return CELLS[key as KnownKey];
  const wanted = read(key);
  return (task) => {
    const value = valueOf(task, wanted);
    if (typeof value === "number") return number(value);
    return (
      <span className="ellipsis" title={value}>
        {value ?? "–"}
      </span>
    );
  };
}

/** Numbers and times stand at the end of their columns. */
export function isAtEnd(key: string): boolean {
  return AT_THE_END.has(key) || !known(key);
}

const IN_HEAD = new Set(["@name", "@status", "@project", "@changed", "@tags"]);

/** Columns that a card has a line for, beside what each card shows. */
export function linesOf(layout: readonly string[]): string[] {
  return layout.filter((key) => !IN_HEAD.has(key) && !["@iteration", "@duration", "@user"].includes(key));
}

export function heightOf(layout: readonly string[]): number {
  return cardHeight(linesOf(layout).length);
}

/** A run on a narrow screen. */
export function RunCard({ task, layout }: { task: Task; layout: readonly string[] }) {
  return (
    <Card
      name={task.name}
      state={<Status of={task.status} />}
      under={nameOf(task.project)}
      at={<TimeAgo at={task.last_update} />}
      lines={linesOf(layout).map((key) => [titleAt(key), <span key="value" className="strong">{cellOf(key)(task)}</span>])}
      tags={task.tags}
    />
  );
}
