import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type DragEvent, type KeyboardEvent, memo, type PointerEvent, type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import "./table.css";

export interface Column<Row> {
  key: string;
  title: string;
  width: number;
  cell: (row: Row) => ReactNode;
  /** What the server sorts by, if it can. */
  sort?: string;
  align?: "end";
  /** A colour beside the title. */
  mark?: string;
  /** What can be done with the column, behind its title. */
  menu?: ReactNode;
}

interface TableProps<Row> {
  label: string;
  columns: Column<Row>[];
  /** How many there are, of which `rowAt` may not know all yet. */
  total: number;
  rowAt: (index: number) => Row | undefined;
  keyOf: (row: Row) => string;
  /** Called with what is in view, so that it can be fetched. */
  onView?: (first: number, last: number) => void;
  order?: string;
  onOrder?: (order: string) => void;
  onOpen?: (row: Row) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (row: Row, on: boolean, isRange: boolean) => void;
  height?: number;
  /** The first column stays where it is when the others are moved sideways. */
  isPinned?: boolean;
  /** Columns are made wider and narrower at their edge; called when one was let go of. */
  onWidth?: (key: string, width: number) => void;
  /** Columns are dragged in front of another one. */
  onMove?: (key: string, before: string) => void;
  /** Instead of cells side by side, a row is one of these: for narrow screens. It is as tall as it has to be, and about `height`. */
  card?: ((row: Row) => ReactNode) | undefined;
  /** What stands below the head when there is no row. */
  empty?: ReactNode;
}

const CHOICE = 40;
const LEAST = 60;
/** How high a table is at least, unless its rows and its head are lower. */
const LOWEST = 240;
const HEAD = 38;
const EDGES = 2;

/** What rows do; the same for all of them. */
interface Doing<Row> {
  key: (event: KeyboardEvent<HTMLDivElement>, index: number, row: Row | undefined) => void;
  open: (row: Row) => void;
  select: (row: Row, on: boolean, isRange: boolean) => void;
}

/** A table of any length: only what is in view is drawn. Arrows, j and k go from row to row, Enter opens, Space and x choose. */
export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, total, rowAt, keyOf, onView, onOpen, selected, onSelect, height = 40, isPinned = false, card, empty } = props;
  const frame = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: total, getScrollElement: () => frame.current, estimateSize: () => height, overscan: 12 });
  useEffect(() => rows.measure(), [rows, height]);
  const [pulled, setPulled] = useState<{ key: string; width: number } | null>(null);
  const shown = rows.getVirtualItems();
  const [first, last] = [shown[0]?.index ?? 0, shown.at(-1)?.index ?? 0];
  useEffect(() => onView?.(first, last), [first, last, onView]);
  const widths = columns.map(({ key, width }) => (pulled?.key === key ? pulled.width : width));
  const template = card ? `${onSelect ? `${CHOICE}px ` : ""}minmax(0, 1fr)` : `${onSelect ? `${CHOICE}px ` : ""}${widths.map((width, index) => (index === 0 ? `minmax(${width}px, 1fr)` : `${width}px`)).join(" ")}`;
  const least = card ? 0 : widths.reduce((sum, width) => sum + width, onSelect ? CHOICE : 0);

  const doing = useRef<Doing<Row>>(null as unknown as Doing<Row>);
  doing.current = {
    key: (event, index, row) => {
      if (event.target !== event.currentTarget) return;
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 12, PageUp: -12, Home: -index, End: total - 1 - index }[event.key];
      if (step !== undefined) {
        event.preventDefault();
        const next = Math.min(Math.max(index + step, 0), total - 1);
        rows.scrollToIndex(next);
        const find = () => frame.current?.querySelector<HTMLElement>(`[data-index="${next}"]`);
        const line = find();
        if (line) line.focus();
        else requestAnimationFrame(() => find()?.focus());
      } else if (event.key === "Enter" && row !== undefined) onOpen?.(row);
      else if ([" ", "x", "X"].includes(event.key) && row !== undefined && onSelect) {
        event.preventDefault();
        onSelect(row, !selected?.has(keyOf(row)), event.shiftKey);
      }
    },
    open: (row) => onOpen?.(row),
    select: (row, on, isRange) => onSelect?.(row, on, isRange),
  };

  // A grid has rows; without a head and without any, this is none.
  const grid = card && !total ? {} : { role: "grid", "aria-label": label, "aria-rowcount": total + 1, "aria-colcount": (card ? 1 : columns.length) + (onSelect ? 1 : 0) };

  return (
    <div ref={frame} className={`table ${isPinned ? "pinned" : ""} ${card ? "cards" : ""}`} {...grid} style={total ? { minHeight: Math.min(LOWEST, rows.getTotalSize() + (card ? EDGES : HEAD)) } : undefined}>
      <div style={{ minWidth: least }}>
        {card ? null : <Head {...props} template={template} pulled={pulled} onPull={setPulled} />}
        <div style={{ height: rows.getTotalSize(), position: "relative" }} role={total ? "rowgroup" : undefined}>
          {shown.map(({ index, start }) => {
            const row = rowAt(index);
            return (
              <Line
                key={index}
                index={index}
                start={start}
                height={height}
                measure={rows.measureElement}
                row={row}
                columns={columns}
                card={card}
                template={template}
                isChosen={row !== undefined && (selected?.has(keyOf(row)) ?? false)}
                isFirst={index === first}
                canOpen={onOpen !== undefined}
                canSelect={onSelect !== undefined}
                doing={doing}
              />
            );
          })}
        </div>
      </div>
      {total ? null : empty}
    </div>
  );
}

interface LineProps<Row> {
  index: number;
  start: number;
  height: number;
  /** Finds out how tall a card is, and moves those below it. */
  measure: (line: HTMLElement | null) => void;
  row: Row | undefined;
  columns: Column<Row>[];
  card: ((row: Row) => ReactNode) | undefined;
  template: string;
  isChosen: boolean;
  isFirst: boolean;
  canOpen: boolean;
  canSelect: boolean;
  doing: RefObject<Doing<Row>>;
}

function LineOf<Row>({ index, start, height, measure, row, columns, card, template, isChosen, isFirst, canOpen, canSelect, doing }: LineProps<Row>) {
  return (
    <div
      ref={card ? measure : undefined}
      data-index={index}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={canSelect ? isChosen : undefined}
      tabIndex={isFirst ? 0 : -1}
      className={`table-row ${isChosen ? "chosen" : ""} ${canOpen ? "opens" : ""}`}
      style={{ gridTemplateColumns: template, transform: `translateY(${start}px)`, height: card && row !== undefined ? undefined : height }}
      onKeyDown={(event) => doing.current.key(event, index, row)}
      onClick={() => row !== undefined && doing.current.open(row)}
    >
      {canSelect ? (
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events
        <span
          role="gridcell"
          className="cell choice"
          onClick={(event) => {
            event.stopPropagation();
            // Whoever means the box hits the cell around it as well.
            if (event.target === event.currentTarget && row !== undefined) doing.current.select(row, !isChosen, event.shiftKey);
          }}
        >
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label="Choose this row"
            checked={isChosen}
            disabled={row === undefined}
            onChange={() => undefined}
            onClick={(event) => row !== undefined && doing.current.select(row, !isChosen, event.shiftKey)}
          />
        </span>
      ) : null}
      {card ? (
        <div role="gridcell" className="table-card">
          {row === undefined ? <span className="ghost" /> : card(row)}
        </div>
      ) : (
        columns.map((column) => (
          <span key={column.key} role="gridcell" className={`cell ${column.align ?? ""}`}>
            {row === undefined ? <span className="ghost" /> : column.cell(row)}
          </span>
        ))
      )}
    </div>
  );
}

const Line = memo(LineOf) as typeof LineOf;

interface HeadProps<Row> extends TableProps<Row> {
  template: string;
  pulled: { key: string; width: number } | null;
  onPull: (pulled: { key: string; width: number } | null) => void;
}

function Head<Row>({ columns, onSelect, order = "", onOrder, onWidth, onMove, template, pulled, onPull }: HeadProps<Row>) {
  const [over, setOver] = useState<string | null>(null);
  const dragged = useRef<string | null>(null);

  function onDrop(event: DragEvent, key: string) {
    event.preventDefault();
    if (dragged.current !== null && dragged.current !== key) onMove?.(dragged.current, key);
    dragged.current = null;
    setOver(null);
  }

  return (
    <div className="table-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
      {onSelect ? (
        <span role="columnheader" className="cell choice">
          <span className="visually-hidden">Chosen</span>
        </span>
      ) : null}
      {columns.map((column) => {
        const down = order === `-${column.sort}`;
        const up = order === column.sort;
        return (
          <span
            key={column.key}
            role="columnheader"
            className={`cell ${column.align ?? ""} ${over === column.key ? "over" : ""}`}
            aria-sort={up ? "ascending" : down ? "descending" : undefined}
            {...(onMove
              ? {
                  draggable: true,
                  onDragStart: () => (dragged.current = column.key),
                  onDragOver: (event: DragEvent) => {
                    if (dragged.current === null) return;
                    event.preventDefault();
                    setOver(column.key);
                  },
                  onDragLeave: () => setOver(null),
                  onDrop: (event: DragEvent) => onDrop(event, column.key),
                  onDragEnd: () => setOver(null),
                }
              : {})}
          >
            {column.sort && onOrder ? (
              <button type="button" className="sort" title={column.title} onClick={() => onOrder(down ? (column.sort ?? "") : `-${column.sort}`)}>
                <span className="ellipsis">{column.title}</span>
                {up ? <ArrowUp size={13} aria-hidden /> : down ? <ArrowDown size={13} aria-hidden /> : null}
              </button>
            ) : (
              <>
                {column.mark ? <span className="swatch" style={{ background: column.mark }} aria-hidden /> : null}
                <span className="ellipsis" title={column.title}>
                  {column.title}
                </span>
              </>
            )}
            {column.menu}
            {onWidth ? <Edge width={pulled?.key === column.key ? pulled.width : column.width} onPull={(width) => onPull({ key: column.key, width })} onDone={(width) => (onPull(null), onWidth(column.key, width))} /> : null}
          </span>
        );
      })}
    </div>
  );
}

/** The edge of a column, which is pulled. From the keyboard, the column's menu does the same. */
function Edge({ width, onPull, onDone }: { width: number; onPull: (width: number) => void; onDone: (width: number) => void }) {
  const from = useRef<{ x: number; width: number } | null>(null);
  const now = (event: PointerEvent) => Math.max(LEAST, (from.current?.width ?? width) + event.clientX - (from.current?.x ?? event.clientX));
  return (
    <span
      className="edge"
      aria-hidden
      draggable
      onDragStart={(event) => {
        event.preventDefault();
        event.stopPropagation();
      }}
      onPointerDown={(event) => {
        event.preventDefault();
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, width: event.currentTarget.parentElement?.offsetWidth ?? width };
      }}
      onPointerMove={(event) => (from.current ? onPull(now(event)) : undefined)}
      onPointerUp={(event) => {
        if (from.current) onDone(now(event));
        from.current = null;
      }}
    />
  );
}
