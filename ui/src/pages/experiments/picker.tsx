import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { count } from "@/components/format";
import { Found } from "@/components/states";
import { type Metric, titleOf, type Wanted, written } from "./columns";

const MOST = 200;

/** The parameters that some runs have. */
function seenIn(tasks: readonly Task[]): { section: string; name: string }[] {
  const found = new Map<string, { section: string; name: string }>();
  for (const { hyperparams } of tasks) for (const [section, items] of Object.entries(hyperparams ?? {})) for (const { name } of Object.values(items)) found.set(`${section}/${name}`, { section, name });
  return [...found.entries()].sort(([a], [b]) => a.localeCompare(b)).map(([, parameter]) => parameter);
}

interface PickerProps {
  project: string | undefined;
  /** The runs that the table has. */
  tasks: readonly Task[];
  metrics: readonly Metric[];
  shown: readonly string[];
  onChange: (columns: string[]) => void;
  onClose: () => void;
}

/** Which parameters and metrics are columns of the table. */
export function Picker({ project, tasks, metrics, shown, onChange, onClose }: PickerProps) {
  const [find, setFind] = useState("");
  const parameters = useQuery({
    queryKey: ["parameters", project ?? ""],
    // Of all projects together, the parameters are those of the runs that were looked at.
    queryFn: async ({ signal }) => (project ? (await call("projects.get_hyper_parameters", { project, include_subprojects: true, page: 0, page_size: 5_000 }, signal)).parameters : seenIn(tasks)),
    ...(project ? {} : { staleTime: 0, gcTime: 0 }),
  });
  return (
    <Dialog title="Columns" onClose={onClose}>
      <div className="stack">
        <input className="input" type="search" aria-label="Find a parameter or metric" placeholder="Find a parameter or metric" value={find} onChange={(event) => setFind(event.target.value)} />
        <Found query={parameters}>
          {(known) => {
            const all: Wanted[] = [
              ...metrics.flatMap(({ metric, variant }) => (["last", "min", "max"] as const).map((kind): Wanted => ({ kind, name: `${metric}/${variant}` }))),
              ...known.map(({ section, name }): Wanted => ({ kind: "param", section, name })),
            ];
            const words = find.toLowerCase().split(/\s+/).filter(Boolean);
            const fits = all.filter((wanted) => words.every((word) => `${wanted.kind === "param" ? wanted.section : ""} ${titleOf(wanted)}`.toLowerCase().includes(word)));
            const sorted = [...fits].sort((a, b) => Number(shown.includes(written(b))) - Number(shown.includes(written(a))));
            return (
              <>
                <div className="pick-list" role="group" aria-label="Parameters and metrics" tabIndex={0}>
                  {sorted.slice(0, MOST).map((wanted) => {
                    const text = written(wanted);
                    return (
                      <label key={text} className="row">
                        <input type="checkbox" checked={shown.includes(text)} onChange={(event) => onChange(event.target.checked ? [...shown, text] : shown.filter((one) => one !== text))} />
                        <span className="grow ellipsis">{titleOf(wanted).replace(/^:monitor:/, "machine: ")}</span>
                        <span className="faint small nowrap">{wanted.kind === "param" ? wanted.section : "metric"}</span>
                      </label>
                    );
                  })}
                </div>
                <p className="faint small" role="status">
                  {fits.length > MOST ? `The first ${MOST} of ${count(fits.length)}; write more of the name.` : `${count(fits.length)} of ${count(all.length)}`}
                </p>
              </>
            );
          }}
        </Found>
        <Button look="strong" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
