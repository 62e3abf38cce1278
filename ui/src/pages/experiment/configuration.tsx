import { SlidersHorizontal } from "lucide-react";
import type { Task } from "@/api/types";
import { CopyButton } from "@/components/bits";
import { Empty } from "@/components/states";
import { Parameters } from "./parameters";

/** The parameters of a run by section, and its configurations as text. */
export default function Configuration({ task }: { task: Task }) {
  const sections = Object.entries(task.hyperparams ?? {}).filter(([, items]) => Object.keys(items).length);
  const texts = Object.values(task.configuration ?? {}).filter((item) => item.value);
  if (!sections.length && !texts.length)
    return (
      <Empty title="No parameters" icon={<SlidersHorizontal size={24} aria-hidden />}>
        Arguments of the command line, and what the script connects, appear here.
      </Empty>
    );
  return (
    <div className="stack">
      {sections.map(([section, items]) => (
        <Parameters key={section} task={task.id} section={section} items={Object.values(items)} isDraft={task.status === "created"} />
      ))}
      {texts.map((item) => (
        <section key={item.name} className="panel">
          <div className="row section-head">
            <h2 className="grow">{item.name}</h2>
            <CopyButton text={item.value} label={`Copy ${item.name}`} />
          </div>
          <pre className="diff">
            <span>{item.value}</span>
          </pre>
        </section>
      ))}
    </div>
  );
}
