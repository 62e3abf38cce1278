import { useQuery } from "@tanstack/react-query";
import { Image } from "lucide-react";
import { call, fileUrl } from "@/api/client";
import type { ImageEvent, Task } from "@/api/types";
import { useSaid } from "@/app/use-said";
import { Steps } from "@/charts/steps";
import { Lightbox } from "@/components/lightbox";
import { isPicture, Sample } from "@/components/sample";
import { Empty, Found } from "@/components/states";
import { ToReport } from "../report/to-report";

const STEPS = 200;

interface Step {
  iter: number;
  events: ImageEvent[];
}

/** Images, sounds, films and texts that a run reported, step by step. What is looked at stands in the address. */
export default function Samples({ task }: { task: Task }) {
  const [said, set] = useSaid();
  const metrics = useQuery({
    queryKey: ["task", task.id, "sample-metrics"],
    queryFn: ({ signal }) => call("events.get_task_metrics", { tasks: [task.id], event_type: "training_debug_image" }, signal),
  });
  const names = metrics.data?.metrics[0]?.metrics ?? [];
  const metric = names.includes(said.sample ?? "") ? (said.sample ?? "") : (names[0] ?? "");
  const found = useQuery({
    queryKey: ["task", task.id, "samples", metric],
    enabled: metric !== "",
    queryFn: ({ signal }) => call("events.debug_images", { metrics: [{ task: task.id, metric }], iters: STEPS }, signal),
  });
  if (metrics.data && !names.length)
    return (
      <Empty title="No samples" icon={<Image size={24} aria-hidden />}>
        Images, audio, video and texts that the run reports appear here.
      </Empty>
    );
  return (
    <Found query={found}>
      {({ metrics: [images] }) => {
        const steps = [...(images?.iterations ?? [])].sort((a, b) => a.iter - b.iter);
        const shown = steps.find(({ iter }) => said.step !== undefined && iter === Number(said.step)) ?? steps.at(-1);
        return (
          <>
            <div className="row wrap controls">
              <select className="input quiet" aria-label="Which samples" value={metric} onChange={(event) => set({ sample: event.target.value, step: undefined })}>
                {names.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
              <div className="grow">
                <Steps steps={steps.map(({ iter }) => iter)} value={shown?.iter ?? 0} onChange={(step) => set({ step: String(step) })} />
              </div>
              <ToReport of={{ show: "samples", runs: [task.id], metric }} name={metric} />
            </div>
            <div className="samples">
              {shown?.events.map((event) => <Sample key={event.variant} event={event} onOpen={() => set({ open: event.variant })} />)}
            </div>
            {said.open && shown ? (
              <Close
                steps={steps}
                shown={shown}
                variant={said.open}
                onOpen={(open, step) => set({ open, step: String(step) })}
                onClose={() => set({ open: undefined })}
              />
            ) : null}
          </>
        );
      }}
    </Found>
  );
}

/** One picture, large; the others are one key away. */
function Close({ steps, shown, variant, onOpen, onClose }: { steps: readonly Step[]; shown: Step; variant: string; onOpen: (variant: string, step: number) => void; onClose: () => void }) {
  const pictures = shown.events.filter((event) => isPicture(event) && fileUrl(event.url) !== null);
  const at = pictures.findIndex((event) => event.variant === variant);
  const event = pictures[at];
  const url = fileUrl(event?.url);
  const having = steps.filter(({ events }) => events.some((one) => one.variant === variant));
  const place = having.findIndex(({ iter }) => iter === shown.iter);
  if (event === undefined || url === null) return null;
  const to = (step: number) => {
    const other = pictures[at + step];
    return other ? () => onOpen(other.variant, shown.iter) : undefined;
  };
  const toStep = (step: number) => {
    const other = having[place + step];
    return other ? () => onOpen(variant, other.iter) : undefined;
  };
  return (
    <Lightbox title={`${event.metric} / ${variant}`} url={url} alt={`${event.metric} / ${variant}, step ${shown.iter}`} onEarlier={to(-1)} onLater={to(1)} onUp={toStep(1)} onDown={toStep(-1)} onClose={onClose}>
      <Steps steps={having.map(({ iter }) => iter)} value={shown.iter} onChange={(step) => onOpen(variant, step)} label="Step of the picture" />
    </Lightbox>
  );
}
