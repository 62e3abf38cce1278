import { useQuery } from "@tanstack/react-query";
import { Image } from "lucide-react";
import { call, fileUrl } from "@/api/client";
import type { ImageEvent } from "@/api/types";
import { useSaid } from "@/app/use-said";
import { count } from "@/components/format";
import { Lightbox } from "@/components/lightbox";
import { isPicture, Sample } from "@/components/sample";
import { Empty, Failed, Found } from "@/components/states";
import type { PartProps } from "../compare";
import type { Run } from "./runs";

const STEPS = 50;

/** What runs reported of the same name, at the same step if they have it, beside each other. */
export default function Samples({ runs, colours }: PartProps) {
  const [said, set] = useSaid();
  const ids = runs.map(({ id }) => id);
  const names = useQuery({
    queryKey: ["tasks", "sample-metrics", ids],
    queryFn: ({ signal }) => call("events.get_task_metrics", { tasks: ids, event_type: "training_debug_image" }, signal),
  });
  const having = names.data?.metrics ?? [];
  const metrics = [...new Set(having.flatMap((one) => one.metrics))].sort();
  const metric = metrics.includes(said.sample ?? "") ? (said.sample ?? "") : (metrics[0] ?? "");
  const asked = having.filter((one) => one.metrics.includes(metric)).map(({ task }) => ({ task, metric }));
  const found = useQuery({
    queryKey: ["tasks", "samples", ids, metric],
    enabled: asked.length > 0,
    queryFn: ({ signal }) => call("events.debug_images", { metrics: asked, iters: STEPS }, signal),
  });
  if (names.error) return <Failed error={names.error} onRetry={() => void names.refetch()} />;
  if (names.data && !metrics.length)
    return (
      <Empty title="No samples" icon={<Image size={24} aria-hidden />}>
        None of these runs reported an image, a sound or a film.
      </Empty>
    );
  return (
    <Found query={found}>
      {(answer) => {
        const byRun = new Map(answer.metrics.map((one) => [one.task, one.iterations]));
        const steps = [...new Set([...byRun.values()].flat().map(({ iter }) => iter))].sort((a, b) => a - b);
        const step = steps.includes(Number(said.step)) ? Number(said.step) : (steps.at(-1) ?? 0);
        const shown = runs.flatMap((run) => (before(byRun.get(run.id) ?? [], step)?.events ?? []).map((event) => ({ run, event })));
        const variants = [...new Set(shown.map(({ event }) => event.variant))].sort();
        return (
          <>
            <div className="row wrap controls">
              <select className="input quiet" aria-label="Which samples" value={metric} onChange={(event) => set({ sample: event.target.value, step: undefined })}>
                {metrics.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
              <label className="row small grow">
                <span className="soft nowrap">step {count(step)}</span>
                <input type="range" className="grow" min={0} max={Math.max(0, steps.length - 1)} value={steps.indexOf(step)} aria-label="Step" onChange={(event) => set({ step: String(steps[Number(event.target.value)] ?? "") })} />
              </label>
            </div>
            <div className="stack">
              {variants.map((variant) => (
                <section key={variant} className="stack">
                  <h2>{variant}</h2>
                  <div className="side-by-side small-ones">
                    {shown
                      .filter(({ event }) => event.variant === variant)
                      .map(({ run, event }) => (
                        <div key={run.id} style={{ borderTop: `3px solid ${colours.get(run.id)}` }}>
                          <Sample event={event} name={nameAt(run, event, step)} onOpen={() => set({ open: run.id, variant })} />
                        </div>
                      ))}
                  </div>
                </section>
              ))}
            </div>
            <Close of={shown.filter(({ event }) => event.variant === said.variant)} run={said.open} step={step} onOpen={(open) => set({ open })} onClose={() => set({ open: undefined, variant: undefined })} />
          </>
        );
      }}
    </Found>
  );
}

interface Shown {
  run: Run;
  event: ImageEvent;
}

/** The picture of one run, large; those of the other runs are one key away. */
function Close({ of, run, step, onOpen, onClose }: { of: readonly Shown[]; run: string | undefined; step: number; onOpen: (run: string) => void; onClose: () => void }) {
  const pictures = of.filter(({ event }) => isPicture(event) && fileUrl(event.url) !== null);
  const at = pictures.findIndex((one) => one.run.id === run);
  const shown = pictures[at];
  const url = fileUrl(shown?.event.url);
  if (shown === undefined || url === null) return null;
  const to = (by: number) => {
    const other = pictures[at + by];
    return other ? () => onOpen(other.run.id) : undefined;
  };
  const name = nameAt(shown.run, shown.event, step);
  return <Lightbox title={`${shown.event.variant}: ${name}`} url={url} alt={`${shown.event.metric} / ${shown.event.variant} of ${name}`} onEarlier={to(-1)} onLater={to(1)} onClose={onClose} />;
}

function nameAt(run: Run, event: ImageEvent, step: number): string {
  return event.iter === step ? run.name : `${run.name}, step ${count(event.iter)}`;
}

/** What there is at a step, or last before it. */
function before<Of extends { iter: number }>(all: readonly Of[], step: number): Of | undefined {
  return all.filter(({ iter }) => iter <= step).sort((a, b) => b.iter - a.iter)[0];
}
