import { ListFilter, X } from "lucide-react";
import { useState } from "react";
import type { Search } from "@/app/router";
import { Button } from "@/components/button";
import { PopUp } from "@/components/pop-up";
import { KNOWN, titleAt } from "./columns";
import { chipsOf } from "./conditions";
import { FilterForm, useOptions } from "./filter-form";
import { useFound } from "./found";

const CLEARED: Search = { where: undefined, status: undefined, tag: undefined, type: undefined, user: undefined, project: undefined, q: undefined };

/** What the runs are filtered by, each to be taken away by itself. */
export function Chips({ search, onSet }: { search: Search; onSet: (values: Search) => void }) {
  // Only what an address names by an id has to be asked for.
  const [projects, users] = [useOptions("project", Boolean(search.project)), useOptions("user", Boolean(search.user))];
  const names: Record<string, typeof projects.data> = { project: projects.data, user: users.data };
  const chips = chipsOf(search, (choice, value) => {
    if (choice === "status") return value === "in_progress" ? "running" : value === "created" ? "draft" : value;
    return names[choice]?.find((one) => one.value === value)?.label ?? value;
  });
  if (!chips.length) return null;
  return (
    <ul className="row wrap chips" aria-label="Filters">
      {chips.map(({ key, label, text, without }) => (
        <li key={key} className="chip">
          <span className="ellipsis" title={`${label}: ${text}`}>
            <span className="soft">{label}</span> {text}
          </span>
          <button type="button" aria-label={`Remove the filter of ${label}`} onClick={() => onSet(without)}>
            <X size={13} aria-hidden />
          </button>
        </li>
      ))}
      <li>
        <Button look="quiet" onClick={() => onSet(CLEARED)}>
          Clear all
        </Button>
      </li>
    </ul>
  );
}

const MOST = 500;

/** A filter by anything that runs have, also by what is no column. */
export function AddFilter({ search, request, onSet }: { search: Search; request: Record<string, unknown>; onSet: (values: Search) => void }) {
  const [open, setOpen] = useState(false);
  const [column, setColumn] = useState("@status");
  const found = useFound(search.project, request, open);
  return (
    <PopUp button={<Button icon={<ListFilter />}>Filter</Button>} label="Filter" onOpen={setOpen}>
      {(close) => (
        <>
          <div className="field filter-form">
            <label htmlFor="filter-column">Column</label>
            <select id="filter-column" className="input" value={column} onChange={(event) => setColumn(event.target.value)}>
              <optgroup label="Of every run">
                {Object.entries(KNOWN).map(([key, { title }]) => (
                  <option key={key} value={key}>
                    {title}
                  </option>
                ))}
              </optgroup>
              {found.groups.map(([name, keys]) => (
                <optgroup key={name} label={name}>
                  {keys.slice(0, MOST).map((key) => (
                    <option key={key} value={key}>
                      {titleAt(key)}
                    </option>
                  ))}
                </optgroup>
              ))}
            </select>
          </div>
          <FilterForm key={column} column={column} search={search} onSet={onSet} onDone={close} />
        </>
      )}
    </PopUp>
  );
}

/** The columns by which something is filtered. */
export function filteredBy(search: Search): Set<string> {
  return new Set(chipsOf(search, (_, value) => value).map(({ key }) => key));
}
