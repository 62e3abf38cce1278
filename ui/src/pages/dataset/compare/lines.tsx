import type { FileDifference } from "@/api/datasets";
import { count } from "@/components/format";

type TextDifference = Extract<FileDifference, { kind: "text" }>;
const SIGNS = { same: " ", added: "+", removed: "−", gap: "⋯" } as const;
const WORDS = { same: "", added: "added: ", removed: "removed: ", gap: "lines that are the same are left out" } as const;

/** Texts line by line: what went and what came, with the lines around. */
export function Lines({ of }: { of: TextDifference }) {
  if (of.lines.length === 0) return <p className="soft">{of.whole ? "The lines are the same; only how they end differs." : "The beginnings, which are all that was compared, are the same."}</p>;
  return (
    <>
      <p className="row small">
        <span className="tally good">{`+ ${count(of.counts.added)}`}</span>
        <span className="tally bad">{`− ${count(of.counts.removed)}`}</span>
        <span className="soft">lines</span>
      </p>
      <div className="line-diff" tabIndex={0} role="region" aria-label="Lines that differ">
        <table>
          <tbody>
            {of.lines.map((line, at) => (
              // Lines have no names of their own, and never move.
              <tr key={at} className={line.change}>
                <td className="line-number">{line.before}</td>
                <td className="line-number">{line.after}</td>
                <td className="line-sign" aria-hidden>
                  {SIGNS[line.change]}
                </td>
                <td className="line-text">
                  {WORDS[line.change] ? <span className="visually-hidden">{WORDS[line.change]}</span> : null}
                  {line.text}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {of.whole ? null : <p className="small faint">Only the beginnings were compared, or more lines differ than are shown.</p>}
    </>
  );
}
