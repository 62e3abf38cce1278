import type { Task } from "@/api/types";
import { Facts, Id, nameOf, Tag } from "@/components/bits";
import { count, duration, time } from "@/components/format";

/** Everything else that is known of a run. */
export default function Info({ task }: { task: Task }) {
  return (
    <section className="panel pad">
      <Facts
        of={[
          ["Id", <Id key="id" of={task.id} />],
          ["Type", task.type],
          ["Project", nameOf(task.project) || "–"],
          ["By", nameOf(task.user) || "–"],
          ["Parent", nameOf(task.parent) || "–"],
          ["Created", time(task.created)],
          ["Started", time(task.started)],
          ["Ended", time(task.completed)],
          ["Ran for", duration(task.active_duration)],
          ["Last step", count(task.last_iteration)],
          ["Worker", task.last_worker || "–"],
          ["Why it ended", task.status_reason || "–"],
          ["Tags", task.tags?.length ? <span key="tags" className="row wrap">{task.tags.map((tag) => <Tag key={tag}>{tag}</Tag>)}</span> : "–"],
          ["Comment", task.comment || "–"],
        ]}
      />
    </section>
  );
}
