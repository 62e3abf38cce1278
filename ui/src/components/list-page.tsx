import type { ReactNode } from "react";
import { useSaid } from "@/app/use-said";
import { SortBy } from "./card";
import { Find } from "./find";
import { some } from "./format";
import { Found } from "./states";
import { type Column, Table } from "./table";
import { useIsNarrow } from "./use-narrow";

interface ListPageProps<Row> {
  /** What the page is called, and what can be done on it. */
  head: ReactNode;
  /** What a text is looked for in; there is no field if nothing is. */
  find?: string;
  /** What stands beside the field. */
  filters?: ReactNode;
  /** One of what is listed, in words. */
  one: string;
  /** What is to be said after how many there are. */
  note?: string;
  label: string;
  list: { query: { data: number | undefined; error: unknown; refetch: () => unknown }; rowAt: (index: number) => Row | undefined; onView?: (first: number, last: number) => void };
  columns: Column<Row>[];
  keyOf: (row: Row) => string;
  order: string;
  /** A row on a narrow page, and how high it is. */
  card: { of: (row: Row) => ReactNode; height: number };
  onOpen: (row: Row) => void;
  /** What stands there instead of a table without rows. */
  empty: ReactNode;
  children?: ReactNode;
}

/** A page that lists things: what is looked for above, archived ones if they are wanted, and a table. All of it stands in the address. */
export function ListPage<Row>({ head, find, filters, one, note = "", list, order, card, empty, children, ...table }: ListPageProps<Row>) {
  const [said, set] = useSaid();
  const isNarrow = useIsNarrow();
  const total = list.query.data;
  const onOrder = (next: string) => set({ order: next });
  return (
    <div className="page full">
      {head}
      <div className="row wrap filters" role="search">
        {find ? <Find what={`by ${find.charAt(0).toLowerCase()}${find.slice(1)}`} hint={find} said={said.q} set={(q) => set({ q })} /> : null}
        {filters}
        {isNarrow ? <SortBy columns={table.columns} order={order} onOrder={onOrder} /> : null}
        <Archived />
        <span className="faint small" role="status">
          {total === undefined ? "" : `${some(total, one)}${note}`}
        </span>
      </div>
      <Found query={list.query}>
        {(many) =>
          many ? (
            <Table {...table} total={many} rowAt={list.rowAt} {...(list.onView ? { onView: list.onView } : {})} order={order} onOrder={onOrder} card={isNarrow ? card.of : undefined} height={isNarrow ? card.height : 40} />
          ) : (
            empty
          )
        }
      </Found>
      {children}
    </div>
  );
}

/** Whether what is archived is listed, instead of what is not. */
export function Archived() {
  const [said, set] = useSaid();
  return (
    <label className="row small soft">
      <input type="checkbox" checked={Boolean(said.archived)} onChange={(event) => set({ archived: event.target.checked ? "1" : undefined })} /> archived
    </label>
  );
}
