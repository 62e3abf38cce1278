import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Download, Terminal } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { BASE, call } from "@/api/client";
import type { Task } from "@/api/types";
import { count } from "@/components/format";
import { Empty, Found } from "@/components/states";
import { spans } from "./ansi";

const LINES = 5_000;

/** The last lines that a run printed; new ones appear as they come. */
export default function Console({ task }: { task: Task }) {
  const found = useQuery({
    queryKey: ["task", task.id, "console"],
    queryFn: ({ signal }) => call("events.get_task_log", { task: task.id, batch_size: LINES, order: "desc", navigate_earlier: true }, signal),
    refetchInterval: task.status === "in_progress" ? 3_000 : false,
  });
  return (
    <Found query={found}>
      {({ events, total }) =>
        events.length ? (
          <Lines lines={[...events].reverse().flatMap((event) => event.msg.replace(/\n$/, "").split("\n"))} total={total} task={task} />
        ) : (
          <Empty title="Nothing was printed" icon={<Terminal size={24} aria-hidden />} />
        )
      }
    </Found>
  );
}

function Lines({ lines, total, task }: { lines: string[]; total: number; task: Task }) {
  const frame = useRef<HTMLDivElement>(null);
  const [find, setFind] = useState("");
  const [follows, setFollows] = useState(true);
  const shown = useMemo(() => {
    const wanted = find.toLowerCase();
    return wanted ? lines.filter((line) => line.toLowerCase().includes(wanted)) : lines;
  }, [lines, find]);
  const rows = useVirtualizer({ count: shown.length, getScrollElement: () => frame.current, estimateSize: () => 20, overscan: 30 });
  useEffect(() => {
    if (follows && shown.length) rows.scrollToIndex(shown.length - 1, { align: "end" });
  }, [follows, shown.length, rows]);
  return (
    <>
      <div className="row wrap controls">
        <input className="input quiet" type="search" placeholder="Find in the lines" aria-label="Find in the lines" value={find} onChange={(event) => setFind(event.target.value)} />
        <label className="row small soft">
          <input type="checkbox" checked={follows} onChange={(event) => setFollows(event.target.checked)} /> follow
        </label>
        <span className="faint small grow" role="status">
          {find ? `${count(shown.length)} of ` : ""}
          {count(lines.length)} lines{total > LINES ? `, the last ${count(LINES)} of ${count(total)} reports` : ""}
        </span>
        <a className="button" href={`${BASE}/api/events.download_task_log?task=${task.id}`} download={`${task.name}.log`}>
          <Download aria-hidden />
          <span>Save</span>
        </a>
      </div>
      <div ref={frame} className="log" tabIndex={0} role="log" aria-label="Console" aria-live="off" onWheel={() => setFollows(false)}>
        <div style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().map(({ index, start }) => (
            <div key={index} className="log-line" style={{ transform: `translateY(${start}px)` }}>
              {spans(shown[index] ?? "").map(({ text, style }, at) => (
                <span key={at} style={style}>
                  {text}
                </span>
              ))}
            </div>
          ))}
        </div>
      </div>
    </>
  );
}

