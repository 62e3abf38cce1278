import type { FileDifference, RowChange } from "@/api/datasets";
import { count } from "@/components/format";
import { Frame } from "../preview/frame";

type TableDifference = Extract<FileDifference, { kind: "table" }>;
const TONES = { added: "good", removed: "bad", changed: "warn" } as const;
const SIGNS = { added: "+", removed: "−", changed: "≠" } as const;
const KINDS = ["added", "removed", "changed"] as const;

interface RowsProps {
  of: TableDifference;
  /** Those that are shown; none if all are. */
  kinds: RowChange["change"][];
  onKinds: (kinds: RowChange["change"][]) => void;
  onKey: (key: string[]) => void;
}

/** Tables row by row: rows that came, rows that went, and the cells that changed in others. */
export function Rows({ of, kinds, onKinds, onKey }: RowsProps) {
  return (
    <>
      <div className="row wrap filters">
        <label className="row small key-choice">
          <span className="soft">Rows are told apart by</span>
          <select className="input quiet" aria-label="Rows are told apart by" value={of.key[0] ?? ""} onChange={(event) => onKey(event.target.value ? [event.target.value] : of.keys)}>
            {of.key.length === 1 ? null : <option value={of.key[0] ?? ""}>all columns</option>}
            {of.keys.map((name) => (of.key.length > 1 && name === of.key[0] ? null : <option key={name} value={name}>{name}</option>))}
            {of.key.length === 1 ? <option value="">all columns</option> : null}
          </select>
        </label>
        <span className="row wrap kinds" role="group" aria-label="Kinds of rows">
          {KINDS.map((kind) => (
            <button
              key={kind}
              type="button"
              className={`kind ${kinds.length && !kinds.includes(kind) ? "off" : ""}`}
              aria-pressed={kinds.includes(kind)}
              disabled={of.counts[kind] === 0}
              onClick={() => onKinds(kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind])}
            >
              <span className={`status ${of.counts[kind] ? TONES[kind] : "calm"}`}>{`${count(of.counts[kind])} ${kind}`}</span>
            </button>
          ))}
        </span>
        <span className="small faint">{`${count(of.counts.same)} the same`}</span>
      </div>
      {of.rows.length ? (
        <Frame
          label="Rows that differ"
          corner="Change"
          className="row-diff"
          heads={of.columns.map((name) => (
            <th key={name} scope="col" className={of.columns_added.includes(name) ? "added" : of.columns_removed.includes(name) ? "removed" : ""}>
              <span className="strong">{name}</span>
              {of.columns_added.includes(name) ? <span className="column-type"> new</span> : of.columns_removed.includes(name) ? <span className="column-type"> gone</span> : null}
            </th>
          ))}
        >
          {of.rows.map((row, at) => (
            // Rows have no names of their own, and never move.
            <tr key={at} className={row.change}>
              <th scope="row" className="row-number">
                <span aria-hidden>{SIGNS[row.change]}</span>
                <span className="visually-hidden">{row.change}</span>
              </th>
              {of.columns.map((name, place) => (
                <Cell key={name} before={row.before?.[place] ?? null} after={row.after?.[place] ?? null} change={row.change} isNew={of.columns_added.includes(name) || of.columns_removed.includes(name)} />
              ))}
            </tr>
          ))}
        </Frame>
      ) : (
        <p className="soft">No row differs.</p>
      )}
      <p className="small faint">
        {of.rows.length < of.total ? `The first ${count(of.rows.length)} of ${count(of.total)} rows that differ. ` : ""}
        {of.whole ? "" : "Only the first rows of these tables were compared."}
      </p>
    </>
  );
}

function Cell({ before, after, change, isNew }: { before: string | null; after: string | null; change: RowChange["change"]; isNew: boolean }) {
  if (change !== "changed" || isNew || (before || null) === (after || null)) {
    const text = change === "removed" ? before : (after ?? before);
    return <td>{text || <span className="faint">–</span>}</td>;
  }
  return (
    <td className="changed-cell" title={`${before || "–"} → ${after || "–"}`}>
      <del>{before || "–"}</del> <ins>{after || "–"}</ins>
    </td>
  );
}
