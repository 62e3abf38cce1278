import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { call } from "@/api/client";
import type { Search } from "@/app/router";
import { Button } from "@/components/button";
import { Field } from "@/components/field";
import { Found } from "@/components/states";
import { known, read } from "./columns";
import { CHOICES, chosenOf, type Condition, readConditions, saidChoice, withCondition, writeConditions } from "./conditions";

export const STATUSES = ["created", "queued", "in_progress", "completed", "published", "stopped", "failed", "closed"];
export const TYPES = ["training", "testing", "inference", "data_processing", "application", "monitor", "controller", "optimizer", "service", "qc", "custom"];

interface FilterFormProps {
  column: string;
  search: Search;
  onSet: (values: Search) => void;
  onDone: () => void;
}

/** What is asked of one column. It is in the address as soon as it is said. */
export function FilterForm({ column, search, onSet, onDone }: FilterFormProps) {
  const choice = CHOICES[column];
  if (choice) return <Choices choice={choice} chosen={chosenOf(search[choice])} onChange={(chosen) => onSet({ [choice]: saidChoice(chosen) })} />;
  return <Bounds column={column} search={search} onSet={onSet} onDone={onDone} />;
}

interface Option {
  value: string;
  label: string;
  depth?: number;
}

/** The values that can be chosen among, with their names. */
export function useOptions(choice: string, isAsked = true) {
  return useQuery({
    enabled: isAsked,
    queryKey: ["options", choice],
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Option[]> => {
      if (choice === "status") return STATUSES.map((value) => ({ value, label: value === "in_progress" ? "running" : value === "created" ? "draft" : value }));
      if (choice === "type") return TYPES.map((value) => ({ value, label: value }));
      if (choice === "tag") return (await call("projects.get_task_tags", {}, signal)).tags.map((value) => ({ value, label: value }));
      if (choice === "user") return (await call("users.get_all_ex", {}, signal)).users.map(({ id, name }) => ({ value: id, label: name }));
      const { projects } = await call("projects.get_all_ex", { only_fields: ["name"], order_by: ["name"], page: 0, page_size: 5_000 }, signal);
      return projects.map(({ id, name }) => ({ value: id, label: name, depth: name.split("/").length - 1 }));
    },
  });
}

const MOST = 300;

function Choices({ choice, chosen, onChange }: { choice: string; chosen: string[]; onChange: (chosen: string[]) => void }) {
  const [find, setFind] = useState("");
  const options = useOptions(choice);
  return (
    <Found query={options}>
      {(all) => {
        // What an address names and nobody knows can be taken away too.
        const known = [...chosen.filter((value) => !all.some((one) => one.value === value)).map((value): Option => ({ value, label: value })), ...all];
        const fits = known.filter(({ label }) => label.toLowerCase().includes(find.toLowerCase()));
        return (
          <div className="stack filter-form">
            {known.length > 8 ? <input className="input" type="search" aria-label="Find" placeholder="Find" value={find} onChange={(event) => setFind(event.target.value)} /> : null}
            <div className="pick-list" role="group" aria-label="Choices" tabIndex={0}>
              {fits.slice(0, MOST).map(({ value, label, depth = 0 }) => (
                <label key={value} className="row" style={find ? undefined : { paddingLeft: 10 + depth * 16 }}>
                  <input type="checkbox" checked={chosen.includes(value)} onChange={(event) => onChange(event.target.checked ? [...chosen, value] : chosen.filter((one) => one !== value))} />
                  <span className="grow ellipsis" title={label}>
                    {depth && !find ? label.split("/").at(-1) : label}
                  </span>
                </label>
              ))}
              {fits.length ? null : <p className="faint small pad">{find ? "Nothing is called so." : "There is nothing to choose among yet."}</p>}
            </div>
            {choice === "tag" ? <p className="faint small">Runs that have all of them.</p> : null}
            {choice === "project" ? <p className="faint small">With what lies below them.</p> : null}
          </div>
        );
      }}
    </Found>
  );
}

function Bounds({ column, search, onSet, onDone }: FilterFormProps) {
  const id = useId();
  const all = readConditions(search.where);
  const now = all.find(({ key }) => key === column);
  const one = known(column);
  const isParameter = !one && read(column).kind === "param";
  const kind = one?.filter ?? "number";
  const [fault, setFault] = useState("");

  function put(condition: Condition | null) {
    onSet({ where: writeConditions(withCondition(all, column, condition)) });
    onDone();
  }
  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = String(fields.get("text") ?? "").trim();
    const [low, high] = ["low", "high"].map((name) => bound(String(fields.get(name) ?? "").trim(), kind));
    if (low === null || high === null) return setFault("Write numbers, such as 0.1 or 1e-3.");
    if (text) return put({ key: column, kind: "text", text });
    return put(low || high ? { key: column, kind: "range", ...(low ? { low } : {}), ...(high ? { high } : {}) } : null);
  }
  const shown = (said: string | undefined) => (said && kind === "time" ? local(said) : said);
  const range = now?.kind === "range" ? now : undefined;
  const input = kind === "time" ? { type: "datetime-local" } : { inputMode: "decimal" as const };
  return (
    <form className="stack filter-form" onSubmit={onSubmit} noValidate>
      {kind === "text" || isParameter ? <Field label="Holds the text" name="text" defaultValue={now?.kind === "text" ? now.text : ""} autoComplete="off" /> : null}
      {kind === "text" ? null : (
        <div className={kind === "time" ? "stack" : "bounds"}>
          <Field label={kind === "time" ? "From" : isParameter ? "or is at least" : "At least"} name="low" defaultValue={shown(range?.low)} autoComplete="off" {...input} />
          <Field label={kind === "time" ? "Until" : "at most"} name="high" defaultValue={shown(range?.high)} autoComplete="off" {...input} />
        </div>
      )}
      {column === "@duration" ? <p className="faint small">In seconds.</p> : null}
      {fault ? (
        <p id={id} className="small bad" role="alert">
          {fault}
        </p>
      ) : null}
      <div className="row">
        <Button look="strong" type="submit">
          Filter
        </Button>
        {now ? <Button onClick={() => put(null)}>Clear</Button> : null}
      </div>
    </form>
  );
}

/** What is written as a bound; null if it is none. */
function bound(text: string, kind: string): string | null {
  if (!text) return "";
  if (kind === "time") return Number.isNaN(new Date(text).getTime()) ? null : new Date(text).toISOString();
  return Number.isFinite(Number(text)) ? String(Number(text)) : null;
}

/** A moment as the reader's clock shows it, as an input of times takes it. */
function local(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
