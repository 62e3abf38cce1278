import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { call } from "@/api/client";
import type { LogPart } from "@/api/results";
import type { Task } from "@/api/types";

/** As many lines are asked for at once. */
export const LINES = 500;
const PATIENCE = 60;

/** The lines of a console by their numbers: what is in view, and a page on both sides, is asked for. `end` holds the last ones. */
export function useLines(task: Task, end: LogPart) {
  const [view, setView] = useState<[number, number]>([end.first, end.total]);
  const asked = useRef(view);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const onView = useCallback((first: number, last: number) => {
    clearTimeout(timer.current);
    const show = () => {
      asked.current = [first, last];
      setView((before) => (before[0] === first && before[1] === last ? before : [first, last]));
    };
    // What only flies past is not asked for.
    if (Math.abs(first - asked.current[0]) < LINES) show();
    else timer.current = setTimeout(show, PATIENCE);
  }, []);
  const pages = useMemo(() => {
    const first = Math.max(0, Math.floor((view[0] - LINES / 2) / LINES));
    const last = Math.min(Math.floor(Math.max(0, end.total - 1) / LINES), Math.floor((view[1] + LINES / 2) / LINES));
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  }, [view, end.total]);
  const found = useQueries({
    queries: pages.map((page) => {
      const isWhole = (page + 1) * LINES <= end.total;
      return {
        // A page that is full stays as it is; the last one is asked for again when it has grown. A run that begins anew has another console.
        queryKey: ["console", { task: task.id }, "lines", task.started ?? "", page, isWhole ? "whole" : end.total],
        queryFn: ({ signal }: { signal: AbortSignal }) => call("events.get_log_lines", { task: task.id, first: page * LINES, limit: LINES }, signal),
        enabled: page * LINES < end.first,
        staleTime: 60_000,
        gcTime: 60_000,
      };
    }),
  });
  function lineAt(index: number): string | undefined {
    const late = end.lines[index - end.first];
    if (late !== undefined) return late.text;
    const page = found[pages.indexOf(Math.floor(index / LINES))];
    return page?.data?.lines[index % LINES]?.text;
  }
  return { lineAt, onView };
}
