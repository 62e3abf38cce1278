import { useMemo } from "react";
import { useSaid } from "@/app/use-said";

export const RANGES = { hour: ["the last hour", 3_600], hours: ["6 hours", 6 * 3_600], day: ["a day", 86_400], week: ["a week", 7 * 86_400] } as const;
export type Range = keyof typeof RANGES;
const POINTS = 240;

/** The span of time that charts show, which stands in the address. */
export function useRange(): { range: Range; ask: (now?: number) => { from_date: number; to_date: number; interval: number } } {
  const [said] = useSaid();
  const range: Range = said.range !== undefined && said.range in RANGES ? (said.range as Range) : "hour";
  return useMemo(() => {
    const seconds = RANGES[range][1];
    const interval = Math.max(10, Math.round(seconds / POINTS));
    return { range, ask: (now = Date.now() / 1000) => ({ from_date: Math.floor(now - seconds), to_date: Math.ceil(now), interval }) };
  }, [range]);
}

export function RangeChoice() {
  const [, set] = useSaid();
  const { range } = useRange();
  return (
    <select className="input quiet auto" aria-label="Over which time" value={range} onChange={(event) => set({ range: event.target.value === "hour" ? undefined : event.target.value })}>
      {Object.entries(RANGES).map(([key, [label]]) => (
        <option key={key} value={key}>
          {label}
        </option>
      ))}
    </select>
  );
}
