import type { Trait } from "./runs";

/** A choice among parameters and metrics; `none` is what it is called if none is chosen. */
export function Chooser({ label, traits, value, none, onChange }: { label: string; traits: readonly Trait[]; value: string; none?: string; onChange: (key: string) => void }) {
  return (
    <label className="row small">
      <span className="soft nowrap">{label}</span>
      <select className="input quiet" value={value} onChange={(event) => onChange(event.target.value)}>
        {none === undefined ? null : <option value="">{none}</option>}
        {(["parameter", "metric"] as const).map((kind) => {
          const all = traits.filter((trait) => trait.kind === kind);
          return all.length ? (
            <optgroup key={kind} label={kind === "parameter" ? "Parameters" : "Metrics"}>
              {all.map(({ key, name }) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
            </optgroup>
          ) : null;
        })}
      </select>
    </label>
  );
}
