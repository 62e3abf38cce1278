import type { StepState } from "./steps";

export const TONES: Record<StepState, string> = {
  waiting: "calm",
  queued: "warn",
  running: "run",
  completed: "good",
  cached: "good",
  failed: "bad",
  stopped: "calm",
  skipped: "calm",
  "not run": "calm",
};

const WORDS: Partial<Record<StepState, string>> = { cached: "from the cache" };

/** How far a step is. */
export function State({ of }: { of: StepState }) {
  return (
    <span className={`status ${TONES[of]}`}>
      <span className={`dot ${of === "running" ? "pulsing" : ""}`} aria-hidden />
      {WORDS[of] ?? of}
    </span>
  );
}
