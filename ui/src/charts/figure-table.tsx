import { Download } from "lucide-react";
import { Button } from "@/components/button";
import { count } from "@/components/format";
import { csv, save } from "@/components/save";
import "./figure.css";

const MOST = 500;

/** A table that a run reported, as a table. */
export function FigureTable({ header, rows, label, file }: { header: readonly string[]; rows: readonly (readonly string[])[]; label: string; file: string }) {
  const isNumeric = header.map((_, at) => rows.length > 0 && rows.every((row) => row[at] === "" || Number.isFinite(Number(row[at]))));
  return (
    <>
      <div className="figure-table" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead>
            <tr>
              {header.map((name, at) => (
                <th key={at} scope="col" className={isNumeric[at] ? "number" : ""}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST).map((row, index) => (
              <tr key={index}>
                {row.map((cell, at) => (
                  <td key={at} className={isNumeric[at] ? "number" : ""} title={cell.length > 40 ? cell : undefined}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="row small soft figure-foot">
        <span className="grow">{rows.length > MOST ? `the first ${count(MOST)} of ${count(rows.length)} rows` : `${count(rows.length)} rows`}</span>
        <Button look="quiet" icon={<Download />} onClick={() => save(`${file}.csv`, csv([header, ...rows]))}>
          CSV
        </Button>
      </div>
    </>
  );
}
