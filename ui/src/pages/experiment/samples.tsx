import { useQuery } from "@tanstack/react-query";
import { Image } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import { count } from "@/components/format";
import { Sample } from "@/components/sample";
import { Empty, Found } from "@/components/states";

/** Images, sounds and films that a run reported, step by step. */
export default function Samples({ task }: { task: Task }) {
  const metrics = useQuery({
    queryKey: ["task", task.id, "sample-metrics"],
    queryFn: ({ signal }) => call("events.get_task_metrics", { tasks: [task.id], event_type: "training_debug_image" }, signal),
  });
  const [asked, setAsked] = useState("");
  const names = metrics.data?.metrics[0]?.metrics ?? [];
  const metric = names.includes(asked) ? asked : (names[0] ?? "");
  const found = useQuery({
    queryKey: ["task", task.id, "samples", metric],
    enabled: metric !== "",
    queryFn: ({ signal }) => call("events.debug_images", { metrics: [{ task: task.id, metric }], iters: 100 }, signal),
  });
  const [step, setStep] = useState<number | null>(null);
  if (metrics.data && !names.length)
    return (
      <Empty title="No samples" icon={<Image size={24} aria-hidden />}>
        Images, audio and video that the run reports appear here.
      </Empty>
    );
  return (
    <Found query={found}>
      {({ metrics: [images] }) => {
        const steps = [...(images?.iterations ?? [])].sort((a, b) => a.iter - b.iter);
        const at = Math.max(0, step === null ? steps.length - 1 : steps.findIndex(({ iter }) => iter === step));
        const shown = steps[at];
        return (
          <>
            <div className="row wrap controls">
              <select className="input quiet" aria-label="Which samples" value={metric} onChange={(event) => (setAsked(event.target.value), setStep(null))}>
                {names.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
              <label className="row small grow">
                <span className="soft nowrap">step {count(shown?.iter)}</span>
                <input type="range" className="grow" min={0} max={Math.max(0, steps.length - 1)} value={at} aria-label="Step" onChange={(event) => setStep(steps[Number(event.target.value)]?.iter ?? null)} />
              </label>
            </div>
            <div className="samples">{shown?.events.map((event) => <Sample key={`${event.metric}/${event.variant}`} event={event} />)}</div>
          </>
        );
      }}
    </Found>
  );
}
