import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
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
}

const CHOICE = 40;

/** A table of any length: only what is in view is drawn. Arrows, j and k go from row to row, Enter opens, Space and x choose. */
export function Table<Row>({ label, columns, total, rowAt, keyOf, onView, order = "", onOrder, onOpen, selected, onSelect, height = 40, isPinned = false }: TableProps<Row>) {
  const frame = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: total, getScrollElement: () => frame.current, estimateSize: () => height, overscan: 12 });
  const shown = rows.getVirtualItems();
  const [first, last] = [shown[0]?.index ?? 0, shown.at(-1)?.index ?? 0];
  useEffect(() => onView?.(first, last), [first, last, onView]);
  const template = `${onSelect ? `${CHOICE}px ` : ""}${columns.map(({ width }, index) => (index === 0 ? `minmax(${width}px, 1fr)` : `${width}px`)).join(" ")}`;
  const least = columns.reduce((sum, { width }) => sum + width, onSelect ? CHOICE : 0);

  function onKey(event: KeyboardEvent<HTMLDivElement>, index: number, row: Row | undefined) {
    if (event.target !== event.currentTarget) return;
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 12, PageUp: -12, Home: -index, End: total - 1 - index }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.min(Math.max(index + step, 0), total - 1);
      rows.scrollToIndex(next);
      const found = () => frame.current?.querySelector<HTMLElement>(`[data-index="${next}"]`);
      const row = found();
      if (row) row.focus();
      else requestAnimationFrame(() => found()?.focus());
    } else if (event.key === "Enter" && row !== undefined) onOpen?.(row);
    else if ([" ", "x", "X"].includes(event.key) && row !== undefined && onSelect) {
      event.preventDefault();
      onSelect(row, !selected?.has(keyOf(row)), event.shiftKey);
    }
  }

  return (
    <div ref={frame} className={`table ${isPinned ? "pinned" : ""}`} role="grid" aria-label={label} aria-rowcount={total + 1} aria-colcount={columns.length + (onSelect ? 1 : 0)}>
      <div style={{ minWidth: least }}>
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
              <span key={column.key} role="columnheader" className={`cell ${column.align ?? ""}`} aria-sort={up ? "ascending" : down ? "descending" : undefined}>
                {column.sort && onOrder ? (
                  <button type="button" className="sort" onClick={() => onOrder(down ? (column.sort ?? "") : `-${column.sort}`)}>
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
              </span>
            );
          })}
        </div>
        <div style={{ height: rows.getTotalSize(), position: "relative" }} role="rowgroup">
          {shown.map(({ index, start }) => {
            const row = rowAt(index);
            const isChosen = row !== undefined && (selected?.has(keyOf(row)) ?? false);
            return (
              <div
                key={index}
                data-index={index}
                role="row"
                aria-rowindex={index + 2}
                aria-selected={onSelect ? isChosen : undefined}
                tabIndex={index === first ? 0 : -1}
                className={`table-row ${isChosen ? "chosen" : ""} ${onOpen ? "opens" : ""}`}
                style={{ gridTemplateColumns: template, transform: `translateY(${start}px)`, height }}
                onKeyDown={(event) => onKey(event, index, row)}
                onClick={() => row !== undefined && onOpen?.(row)}
              >
                {onSelect ? (
                  // eslint-disable-next-line jsx-a11y/click-events-have-key-events
                  <span role="gridcell" className="cell choice" onClick={(event) => event.stopPropagation()}>
                    <input
                      type="checkbox"
                      tabIndex={-1}
                      aria-label="Choose this row"
                      checked={isChosen}
                      disabled={row === undefined}
                      onChange={() => undefined}
                      onClick={(event) => row !== undefined && onSelect(row, !isChosen, event.shiftKey)}
                    />
                  </span>
                ) : null}
                {columns.map((column) => (
                  <span key={column.key} role="gridcell" className={`cell ${column.align ?? ""}`}>
                    {row === undefined ? <span className="ghost" /> : column.cell(row)}
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
