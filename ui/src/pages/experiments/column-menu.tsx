import { ArrowDown, ArrowLeft, ArrowRight, ArrowUp, EyeOff, ListFilter, MoveHorizontal } from "lucide-react";
import type { Search } from "@/app/router";
import { Button } from "@/components/button";
import { PopUp } from "@/components/pop-up";
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
export function ColumnMenu(props: ColumnMenuProps) {
  const { title, isFiltered } = props;
  return (
    <PopUp button={<Button look="quiet" className={`column-button ${isFiltered ? "on" : ""}`} icon={<ListFilter />} label={`Filter and arrange ${title}`} />} label={title}>
      {(close) => <Choices {...props} close={close} />}
    </PopUp>
  );
}

function Choices({ column, sort, search, layout, onSet, close }: ColumnMenuProps & { close: () => void }) {
  const at = layout.indexOf(column);
  const set = (values: Search) => {
    onSet(values);
    close();
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
    <>
      <FilterForm column={column} search={search} onSet={onSet} onDone={close} />
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
    </>
  );
}
