import { count } from "@/components/format";
import "./steps.css";

/** A choice among steps: a slider, which arrow keys move too. */
export function Steps({ steps, value, onChange, label = "Step" }: { steps: readonly number[]; value: number; onChange: (step: number) => void; label?: string }) {
  const at = Math.max(0, steps.indexOf(value));
  return (
    <label className="row small steps">
      <span className="soft nowrap">step {count(value)}</span>
      {steps.length > 1 ? (
        <input
          type="range"
          className="grow"
          min={0}
          max={steps.length - 1}
          value={at}
          aria-label={label}
          aria-valuetext={`step ${count(value)}, ${at + 1} of ${steps.length}`}
          onChange={(event) => onChange(steps[Number(event.target.value)] ?? value)}
        />
      ) : null}
    </label>
  );
}

/** The last of some steps, which are in order, that is not after another; the first if all are. */
export function stepBefore(steps: readonly number[], step: number): number | undefined {
  return steps.findLast((one) => one <= step) ?? steps[0];
}
