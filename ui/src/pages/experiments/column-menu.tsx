import { ArrowDown, ArrowLeft, ArrowRight, ArrowUp, EyeOff, ListFilter, MoveHorizontal } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import type { Search } from "@/app/router";
import { Button } from "@/components/button";
import { saidOf, saidWidths, usualWidth, widthsOf, WIDEST } from "./columns";
import { FilterForm } from "./filter-form";

interface ColumnMenuProps {
  column: string;
  title: string;
  sort: string | undefined;
  isFiltered: boolean;
  search: Search;
  layout: readonly string[];
  onSet: (values: Search) => void;
}

/** What can be done with a column: filter by it, sort by it, move it, make it wider, put it away. */
export function ColumnMenu({ column, title, sort, isFiltered, search, layout, onSet }: ColumnMenuProps) {
  const [open, setOpen] = useState(false);
  const at = layout.indexOf(column);
  const set = (values: Search) => {
    onSet(values);
    setOpen(false);
  };
  function moved(by: number) {
    const next = layout.filter((key) => key !== column);
    next.splice(at + by, 0, column);
    set({ columns: saidOf(next) });
  }
  function resized(by: number) {
    const widths = widthsOf(search.widths);
    onSet({ widths: saidWidths(widths.set(column, Math.min(WIDEST, (widths.get(column) ?? usualWidth(column)) + by))) });
  }
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <Button look="quiet" className={`column-button ${isFiltered ? "on" : ""}`} icon={<ListFilter />} label={`Filter and arrange ${title}`} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="menu column-menu" align="start" sideOffset={4} collisionPadding={8} aria-label={title}>
          <FilterForm column={column} search={search} onSet={onSet} onDone={() => setOpen(false)} />
          <div className="row wrap column-acts">
            {sort ? (
              <>
                <Button look="quiet" icon={<ArrowUp />} label="Sort, least first" aria-pressed={search.order === sort} onClick={() => set({ order: sort })} />
                <Button look="quiet" icon={<ArrowDown />} label="Sort, greatest first" aria-pressed={search.order === `-${sort}`} onClick={() => set({ order: `-${sort}` })} />
              </>
            ) : null}
            <Button look="quiet" icon={<ArrowLeft />} label="Move to the left" disabled={at <= 0} onClick={() => moved(-1)} />
            <Button look="quiet" icon={<ArrowRight />} label="Move to the right" disabled={at >= layout.length - 1} onClick={() => moved(1)} />
            <Button look="quiet" icon={<MoveHorizontal />} label="Wider" onClick={() => resized(40)} />
            <Button look="quiet" icon={<EyeOff />} label="Put the column away" disabled={layout.length < 2} onClick={() => set({ columns: saidOf(layout.filter((key) => key !== column)) })} />
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
