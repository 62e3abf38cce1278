import { Link } from "@tanstack/react-router";
import type { Search } from "@/app/router";
import { duration } from "@/components/format";
import { Named } from "@/components/line";
import { State } from "./state";
import type { Step } from "./steps";

/** The steps of a run, one below the other: for phones, for screen readers, and where there are very many. */
export function List({ steps, chosen }: { steps: Step[]; chosen: string | null }) {
  return (
    <ol className="lines step-list" aria-label="Steps">
      {steps.map((step) => (
        <li key={step.name}>
          <Link
            to="."
            search={(before: Search) => ({ ...before, step: step.name === chosen ? undefined : step.name })}
            replace
            className={`line ${step.name === chosen ? "here" : ""}`}
            aria-current={step.name === chosen ? "true" : undefined}
          >
            <Named name={step.name} below={step.parents.length ? `after ${step.parents.join(", ")}` : "at the beginning"} />
            <span className="soft small nowrap">{step.seconds === null ? "" : duration(step.seconds)}</span>
            <State of={step.state} />
          </Link>
        </li>
      ))}
    </ol>
  );
}
