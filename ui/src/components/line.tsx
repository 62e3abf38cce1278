import { Link } from "@tanstack/react-router";
import type { Status as TaskStatus } from "@/api/types";
import { Status, TimeAgo } from "./bits";

/** What a line is about, and where that lies or comes from. */
export function Named({ name, below }: { name: string; below: string | undefined }) {
  return (
    <span className="grow stack tight">
      <span className="ellipsis strong">{name}</span>
      <span className="ellipsis faint small">{below}</span>
    </span>
  );
}

interface Run {
  id: string;
  name: string;
  status: TaskStatus;
}

/** Runs, each a line that leads to it. `at` is when something was with it, which `what` names; `below` is where it lies. */
export function RunLines<Of extends Run>({ runs, at, what, below, className = "" }: { runs: readonly Of[]; at: (run: Of) => string | null | undefined; what?: string; below?: (run: Of) => string; className?: string }) {
  return (
    <ul className={`lines ${className}`}>
      {runs.map((run) => (
        <li key={run.id}>
          <Link to="/experiments/$id" params={{ id: run.id }} className="line">
            {below ? <Named name={run.name} below={below(run)} /> : <span className="grow ellipsis strong">{run.name}</span>}
            <span className="line-end">
              <span className="soft small nowrap" title={what}>
                <TimeAgo at={at(run)} />
              </span>
              <Status of={run.status} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
