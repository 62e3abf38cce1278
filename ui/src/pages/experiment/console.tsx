import { useMutation, useQuery } from "@tanstack/react-query";
import { ArrowDownToLine, ArrowUpToLine, CaseSensitive, ChevronDown, ChevronUp, Download, Terminal } from "lucide-react";
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from "react";
import { call, download } from "@/api/client";
import type { Task } from "@/api/types";
import { tell } from "@/app/toasts";
import { useSaid } from "@/app/use-said";
import { Button } from "@/components/button";
import { count } from "@/components/format";
import { save } from "@/components/save";
import { Empty, Found } from "@/components/states";
import { useSlow } from "@/components/use-slow";
import { LINES, useLines } from "./console/lines";
import { type Place, Roll } from "./console/roll";
import { marked, spans } from "./ansi";
import "./console/console.css";

/** What a run printed, line by line, however much it is; new lines appear as they come. */
export default function Console({ task }: { task: Task }) {
  const tail = useQuery({
    queryKey: ["task", task.id, "console"],
    queryFn: ({ signal }) => call("events.get_log_lines", { task: task.id, limit: LINES }, signal),
    refetchInterval: task.status === "in_progress" ? 3_000 : false,
  });
  return (
    <Found query={tail}>
      {(end) =>
        end.total ? (
          <Lines task={task} end={end} />
        ) : (
          <Empty title="Nothing was printed" icon={<Terminal size={24} aria-hidden />}>
            {task.status === "in_progress" || task.status === "queued" ? "What the run prints appears here." : undefined}
          </Empty>
        )
      }
    </Found>
  );
}

function Lines({ task, end }: { task: Task; end: Parameters<typeof useLines>[1] }) {
  const [said, set] = useSaid();
  const { lineAt, onView } = useLines(task, end);
  const find = useSlow(said.find ?? "", 250);
  const isExact = said.case === "1";
  const hits = useQuery({
    queryKey: ["console", { task: task.id }, "find", find, isExact],
    enabled: find !== "",
    queryFn: ({ signal }) => call("events.find_in_log", { task: task.id, text: find, exact_case: isExact }, signal),
    refetchInterval: task.status === "in_progress" ? 10_000 : false,
  });
  const found = find ? (hits.data?.lines ?? []) : [];
  const saving = useMutation({
    mutationFn: async () => save(`${task.name}.log`, await download("events.download_task_log", { task: task.id })),
    onError: (error) => tell(`The lines could not be fetched: ${error.message}`),
  });
  const [follows, setFollows] = useState(said.line === undefined);
  const [place, setPlace] = useState<Place>({ line: said.line === undefined ? end.total : Math.max(0, Number(said.line) - 1 || 0) });
  const top = useRef(0);
  const [hit, setHit] = useState<number | null>(null);

  // Whoever looks for something is taken to the first place below what is in view.
  const answered = hits.data?.lines;
  useEffect(() => {
    if (!find || answered === undefined) return setHit(null);
    const next = answered.find((line) => line >= top.current) ?? answered[0];
    setHit(next ?? null);
    if (next !== undefined) setPlace({ line: next, isMiddle: true });
    // more lines of a run that goes on move nobody away
  }, [find, isExact, answered === undefined]);

  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onPlace = useCallback(
    (first: number, last: number, isEnd: boolean) => {
      top.current = first;
      onView(first, last);
      setFollows((before) => before && isEnd);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => set({ line: isEnd ? undefined : String(first + 1) }), 400);
    },
    [onView, set],
  );

  function step(by: 1 | -1) {
    if (!found.length) return;
    const at = hit === null ? -1 : found.indexOf(hit);
    const next = found[(at + by + found.length) % found.length] ?? 0;
    setHit(next);
    setPlace({ line: next, isMiddle: true });
  }
  function onKey(event: KeyboardEvent<HTMLInputElement>) {
    if (event.key === "Enter") {
      event.preventDefault();
      step(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && said.find) {
      event.preventDefault();
      set({ find: undefined });
    }
  }

  const digits = String(end.total).length;
  return (
    <>
      <div className="row wrap controls console-controls" role="search">
        <div className="row console-find">
          <input className="input quiet" type="search" placeholder="Find in all lines" aria-label="Find in all lines" value={said.find ?? ""} onChange={(event) => set({ find: event.target.value || undefined })} onKeyDown={onKey} />
          <Button look={isExact ? "strong" : "quiet"} icon={<CaseSensitive />} label="Case matters" aria-pressed={isExact} onClick={() => set({ case: isExact ? undefined : "1" })} />
          <Button look="quiet" icon={<ChevronUp />} label="The match before" disabled={!found.length} onClick={() => step(-1)} />
          <Button look="quiet" icon={<ChevronDown />} label="The next match" disabled={!found.length} onClick={() => step(1)} />
        </div>
        <span className="small soft nowrap" role="status">
          {find ? (hits.data ? saidOf(hits.data.count, found, hit) : hits.error ? "The search failed" : "Searching…") : `${count(end.total)} lines`}
        </span>
        <span className="grow" />
        <label className="row small soft">
          <input
            type="checkbox"
            checked={follows}
            onChange={(event) => {
              setFollows(event.target.checked);
              if (event.target.checked) setPlace({ line: end.total });
            }}
          />{" "}
          follow
        </label>
        <div className="row">
          <Button look="quiet" icon={<ArrowUpToLine />} label="To the start" onClick={() => setPlace({ line: 0 })} />
          <Button look="quiet" icon={<ArrowDownToLine />} label="To the end" onClick={() => setPlace({ line: end.total })} />
          <Button icon={<Download />} disabled={saving.isPending} onClick={() => saving.mutate()}>
            {saving.isPending ? "Fetching…" : "Save"}
          </Button>
        </div>
      </div>
      <Roll total={end.total} place={place} follows={follows} onPlace={onPlace} label="Console" style={{ "--digits": digits }}>
        {(index) => {
          const line = lineAt(index);
          return (
            <>
              <span className="log-number" aria-hidden>
                {index + 1}
              </span>
              {line === undefined ? (
                <span className="ghost" />
              ) : (
                <span className={`log-text ${index === hit ? "hit" : ""}`}>
                  {marked(spans(line), find, isExact).map(({ text, style, isMarked }, at) =>
                    isMarked ? (
                      <mark key={at}>{text}</mark>
                    ) : (
                      <span key={at} style={style}>
                        {text}
                      </span>
                    ),
                  )}
                </span>
              )}
            </>
          );
        }}
      </Roll>
    </>
  );
}

function saidOf(total: number, found: readonly number[], hit: number | null): string {
  if (!total) return "No line has it";
  const at = hit === null ? 0 : found.indexOf(hit) + 1;
  const more = total > found.length ? `, of which the first ${count(found.length)} are stepped through` : "";
  return `${count(at)} of ${count(total)} lines${more}`;
}
