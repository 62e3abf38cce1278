import { useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { count } from "@/components/format";
import { Found } from "@/components/states";
import { KNOWN, known, read, titleAt, type Wanted, written } from "./columns";
import { useFound } from "./found";

const MOST = 200;

interface PickerProps {
  project: string | undefined;
  /** What the table asks the server for. */
  request: Record<string, unknown>;
  layout: readonly string[];
  onChange: (layout: string[]) => void;
  onUsual: () => void;
  onClose: () => void;
}

/** Which columns the table has: what every run has, parameters, and values of metrics. */
export function Picker({ project, request, layout, onChange, onUsual, onClose }: PickerProps) {
  const [find, setFind] = useState("");
  const { query } = useFound(project, request, true);

  function put(key: string, on: boolean) {
    if (!on) return onChange(layout.filter((one) => one !== key));
    // What is new stands behind the other values of runs, before what every run has at the end.
    const last = layout.findLastIndex((one) => !one.startsWith("@"));
    const at = key.startsWith("@") ? layout.length : last >= 0 ? last + 1 : Math.min(2, layout.length);
    return onChange([...layout.slice(0, at), key, ...layout.slice(at)]);
  }
  return (
    <Dialog title="Columns" onClose={onClose}>
      <div className="stack">
        <input className="input" type="search" aria-label="Find a parameter or metric" placeholder="Find a column, parameter or metric" value={find} onChange={(event) => setFind(event.target.value)} />
        <Found query={query}>
          {(wanted) => {
            const all = [...Object.keys(KNOWN), ...wanted.map(written)];
            const words = find.toLowerCase().split(/\s+/).filter(Boolean);
            const fits = all.filter((key) => words.every((word) => `${kindOf(key)} ${titleAt(key)}`.toLowerCase().includes(word)));
            const sorted = [...fits].sort((a, b) => Number(layout.includes(b)) - Number(layout.includes(a)));
            return (
              <>
                <div className="pick-list" role="group" aria-label="Columns" tabIndex={0}>
                  {sorted.slice(0, MOST).map((key) => (
                    <label key={key} className="row">
                      <input type="checkbox" checked={layout.includes(key)} disabled={layout.length === 1 && layout[0] === key} onChange={(event) => put(key, event.target.checked)} />
                      <span className="grow ellipsis">{titleAt(key)}</span>
                      <span className="faint small nowrap">{kindOf(key)}</span>
                    </label>
                  ))}
                </div>
                <p className="faint small" role="status">
                  {fits.length > MOST ? `The first ${MOST} of ${count(fits.length)}; write more of the name.` : `${count(fits.length)} of ${count(all.length)}`}
                </p>
              </>
            );
          }}
        </Found>
        <div className="row">
          <Button look="strong" onClick={onClose}>
            Done
          </Button>
          <Button onClick={onUsual}>The usual ones</Button>
        </div>
      </div>
    </Dialog>
  );
}

function kindOf(key: string): string {
  if (known(key)) return "";
  const wanted: Wanted = read(key);
  if (wanted.kind !== "param") return "metric";
  return wanted.section === "properties" ? "property" : wanted.section;
}
