import type { ReactNode } from "react";

/** The rows of a table that lies in a file: the first column, which says what a row is, and the head stay in view. */
export function Frame({ label, corner, className = "", heads, children }: { label: string; corner: string; className?: string; heads: ReactNode; children: ReactNode }) {
  return (
    <div className={`file-table ${className}`} tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            <th scope="col" className="row-number">
              <span className="visually-hidden">{corner}</span>
            </th>
            {heads}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
