import type { ColumnFacts, FilePreview, MalformedRows } from "@/api/datasets";
import { brief, count } from "@/components/format";
import { Frame } from "./frame";
import { HistogramOf } from "./histogram";
import "./preview.css";

type TablePreview = Extract<FilePreview, { kind: "table" }>;
const NUMBERS = new Set(["integer", "number"]);

/** The first rows of a table, below what is known of its columns. */
export function TableOf({ of }: { of: TablePreview }) {
  return (
    <>
      {of.malformed ? <Malformed of={of.malformed} /> : null}
      <Frame
        label="The first rows"
        corner="Row"
        heads={of.columns.map((column, at) => (
          <th key={`${at}-${column.name}`} scope="col">
            <Head column={column} rows={of.sampled} />
          </th>
        ))}
      >
        {of.rows.map((row, index) => (
          // Rows have no names of their own, and never move.
          <tr key={index}>
            <th scope="row" className="row-number">
              {count(index + 1)}
            </th>
            {of.columns.map((column, at) => (
              <Cell key={`${at}-${column.name}`} text={row[at] ?? null} isNumber={NUMBERS.has(column.type)} />
            ))}
          </tr>
        ))}
      </Frame>
      <p className="pad small faint">{extent(of)}</p>
    </>
  );
}

/** Rows that can't be read, by the lines that they stand on. */
function Malformed({ of }: { of: MalformedRows }) {
  const all = `${of.is_all ? "" : "the first "}${count(of.rows)} rows`;
  return (
    <div className="pad small malformed" role="note">
      <p>
        <strong>
          {count(of.count)} of {all} can’t be read.
        </strong>{" "}
        What is said of columns leaves them out; below they are cut off or filled up.
      </p>
      <ul>
        {of.first.map(({ line, what }) => (
          <li key={line}>
            Line {count(line)}: {what}
          </li>
        ))}
        {of.count > of.first.length ? <li>and {count(of.count - of.first.length)} more</li> : null}
      </ul>
    </div>
  );
}

function Head({ column, rows }: { column: ColumnFacts; rows: number }) {
  const missing = column.missing && rows ? column.missing / rows : 0;
  return (
    <div className="column-head">
      <span className="ellipsis strong" title={column.name}>
        {column.name || <span className="faint">no name</span>}
      </span>
      <span className="column-type ellipsis">
        {column.type}
        {distinct(column, rows)}
      </span>
      <div className="column-shape">{column.histogram ? <HistogramOf of={column.histogram} rows={rows - (column.missing ?? 0)} /> : null}</div>
      <span className="column-type ellipsis">
        {column.mean !== undefined && column.histogram?.kind === "numbers" ? `mean ${brief(column.mean)}` : ""}
        {column.std ? ` ± ${brief(column.std)}` : ""}
        {missing ? <span className="missing">{`${column.std ? ", " : ""}${missing < 0.01 ? "<1" : Math.round(missing * 100)}% missing`}</span> : null}
      </span>
    </div>
  );
}

function distinct({ distinct: values, histogram }: ColumnFacts, rows: number): string {
  if (values === undefined) return "";
  if (histogram?.kind === "lengths" && values === rows) return " · all differ";
  return ` · ${count(values)} ${values === 1 ? "value" : "values"}`;
}

function Cell({ text, isNumber }: { text: string | null; isNumber: boolean }) {
  return (
    <td className={isNumber ? "end" : ""} title={text !== null && text.length > 40 ? text : undefined}>
      {text === null || text === "" ? <span className="faint">–</span> : text}
    </td>
  );
}

function extent(of: TablePreview): string {
  const rows = of.total_rows === null ? `the first ${count(of.rows.length)} rows` : of.rows.length < of.total_rows ? `the first ${count(of.rows.length)} of ${count(of.total_rows)} rows` : `${count(of.total_rows)} ${of.total_rows === 1 ? "row" : "rows"}`;
  const columns = of.total_columns > of.columns.length ? `the first ${count(of.columns.length)} of ${count(of.total_columns)} columns` : `${count(of.columns.length)} ${of.columns.length === 1 ? "column" : "columns"}`;
  const about = of.total_rows === of.sampled ? "" : `. What is said of columns is about the first ${count(of.sampled)} rows`;
  return `${rows[0]?.toUpperCase()}${rows.slice(1)}, ${columns}${about}.`;
}
