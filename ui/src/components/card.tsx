import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";
import { Tag } from "./bits";
import { Button } from "./button";
import type { Column } from "./table";
import "./card.css";

interface CardProps {
  /** A text, or what stands for one. */
  name: ReactNode;
  /** What is said of it behind its name: a state. */
  state?: ReactNode;
  /** Where it lies, or who made it. */
  under?: ReactNode;
  /** When it was changed. */
  at?: ReactNode;
  /** Lines below, each of them parts from the left to the right; the first one is as wide as can be. */
  lines?: readonly ReactNode[][];
  tags?: readonly string[] | undefined;
}

const MOST_TAGS = 4;

/** One of what is listed, on a narrow screen. */
export function Card({ name, state, under, at, lines = [], tags = [] }: CardProps) {
  return (
    <>
      <span className="row">
        <span className={`grow ${typeof name === "string" ? "ellipsis strong" : "row card-name"}`}>{name}</span>
        {state}
      </span>
      <span className="row small soft card-line">
        <span className="grow ellipsis">{under}</span>
        {at}
      </span>
      {lines.map((parts, line) => (
        <span key={line} className="row small soft card-line">
          {parts.map((part, index) => (
            <span key={index} className={`ellipsis ${index ? "card-part" : "grow"}`}>
              {part}
            </span>
          ))}
        </span>
      ))}
      {tags.length ? (
        <span className="row card-tags">
          {tags.slice(0, MOST_TAGS).map((tag) => (
            <Tag key={tag}>{tag}</Tag>
          ))}
        </span>
      ) : null}
    </>
  );
}

/** How high a card with so many lines below its head is, about: without tags. */
export function cardHeight(lines: number): number {
  return 67 + lines * 23;
}

/** What cards are sorted by; a table is sorted at its head. */
export function SortBy<Row>({ columns, order, onOrder }: { columns: readonly Column<Row>[]; order: string; onOrder: (order: string) => void }) {
  const plain = order.replace(/^-/, "");
  const isDown = order.startsWith("-");
  return (
    <span className="row sort-by">
      <select className="input quiet" aria-label="Sort by" value={plain} onChange={(event) => onOrder(`${isDown ? "-" : ""}${event.target.value}`)}>
        {columns.some(({ sort }) => sort === plain) ? null : <option value={plain}>{plain === "last_update" ? "Changed" : "…"}</option>}
        {columns.map(({ sort, title }) =>
          sort ? (
            <option key={sort} value={sort}>
              {title}
            </option>
          ) : null,
        )}
      </select>
      <Button icon={isDown ? <ArrowDown /> : <ArrowUp />} label={isDown ? "Greatest first" : "Least first"} onClick={() => onOrder(isDown ? plain : `-${plain}`)} />
    </span>
  );
}
