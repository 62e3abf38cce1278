import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowUp, ChevronsUp, Cpu, Plus, Trash2, X } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import type { Queue, Worker } from "@/api/results";
import { Code, TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { count } from "@/components/format";
import { Empty, Failed, Found } from "@/components/states";

/** What waits to be run, in which order, and who runs it. */
export function Page() {
  const queues = useQuery({ queryKey: ["queues"], queryFn: ({ signal }) => call("queues.get_all_ex", { order_by: ["name"] }, signal) });
  const workers = useQuery({ queryKey: ["workers"], queryFn: ({ signal }) => call("workers.get_all", { last_seen: 600 }, signal), refetchInterval: 15_000 });
  const [making, setMaking] = useState(false);
  return (
    <div className="page">
      <div className="page-head">
        <h1 className="grow">Queues</h1>
        <Button look="strong" icon={<Plus />} onClick={() => setMaking(true)}>
          New queue
        </Button>
      </div>
      <Found query={queues}>{(found) => <>{found.queues.map((queue) => <QueuePanel key={queue.id} queue={queue} />)}</>}</Found>
      <section className="panel" aria-labelledby="workers">
        <h2 id="workers" className="section-head">
          Workers
        </h2>
        <Found query={workers}>{(found) => <Workers workers={found.workers} />}</Found>
      </section>
      {making ? <Make onClose={() => setMaking(false)} /> : null}
    </div>
  );
}

function QueuePanel({ queue }: { queue: Queue }) {
  const client = useQueryClient();
  const again = () => client.invalidateQueries({ queryKey: ["queues"] });
  const entries = queue.entries ?? [];
  const move = useMutation({
    mutationFn: ({ how, task }: { how: "queues.move_task_forward" | "queues.move_task_backward" | "queues.move_task_to_front"; task: string }) => call(how, { queue: queue.id, task }),
    onSuccess: again,
  });
  const take = useMutation({ mutationFn: (task: string) => call("tasks.dequeue", { task }), onSuccess: again });
  const remove = useMutation({ mutationFn: () => call("queues.delete", { queue: queue.id }), onSuccess: again });
  const isDefault = queue.system_tags?.includes("default");
  return (
    <section className="panel" aria-label={`Queue ${queue.name}`}>
      <div className="row section-head">
        <h2 className="grow ellipsis">{queue.name}</h2>
        <span className="soft small nowrap">{entries.length ? `${count(entries.length)} waiting` : "nothing waits"}</span>
        <span className="soft small nowrap">{count(queue.workers?.length ?? 0)} workers</span>
        {isDefault ? null : <Button look="quiet" icon={<Trash2 />} label={`Delete the queue ${queue.name}`} disabled={entries.length > 0} onClick={() => remove.mutate()} />}
      </div>
      {remove.error ?? move.error ?? take.error ? <Failed error={remove.error ?? move.error ?? take.error} /> : null}
      <ol className="lines">
        {entries.map(({ task, added }, at) => (
          <li key={task.id} className="line">
            <span className="faint mono">{at + 1}</span>
            <Link to="/experiments/$id" params={{ id: task.id }} className="grow ellipsis strong">
              {task.name}
            </Link>
            <span className="soft small nowrap">
              <TimeAgo at={added} />
            </span>
            <span className="row">
              <Button look="quiet" icon={<ChevronsUp />} label={`Let ${task.name} be the first`} disabled={at === 0} onClick={() => move.mutate({ how: "queues.move_task_to_front", task: task.id })} />
              <Button look="quiet" icon={<ArrowUp />} label={`Move ${task.name} up`} disabled={at === 0} onClick={() => move.mutate({ how: "queues.move_task_forward", task: task.id })} />
              <Button look="quiet" icon={<ArrowDown />} label={`Move ${task.name} down`} disabled={at === entries.length - 1} onClick={() => move.mutate({ how: "queues.move_task_backward", task: task.id })} />
              <Button look="quiet" icon={<X />} label={`Take ${task.name} out of the queue`} onClick={() => take.mutate(task.id)} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Workers({ workers }: { workers: Worker[] }) {
  if (!workers.length)
    return (
      <Empty title="No worker has been heard of" icon={<Cpu size={24} aria-hidden />}>
        <p>An agent takes runs out of a queue. ClearML's works, with this server's key in its clearml.conf:</p>
        <Code>{"pip install clearml-agent\nclearml-agent daemon --queue default"}</Code>
      </Empty>
    );
  return (
    <ul className="lines">
      {workers.map((worker) => (
        <li key={worker.id} className="line">
          <span className="grow stack tight">
            <span className="ellipsis strong">{worker.id}</span>
            <span className="faint small ellipsis">{worker.queues?.map(({ name }) => name).join(", ")}</span>
          </span>
          {worker.task ? (
            <Link to="/experiments/$id" params={{ id: worker.task.id }} className="link ellipsis">
              {worker.task.name}
            </Link>
          ) : (
            <span className="soft small">idle</span>
          )}
          <span className="soft small nowrap">
            <TimeAgo at={worker.last_activity_time} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Make({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const make = useMutation({
    mutationFn: (name: string) => call("queues.create", { name }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["queues"] });
      onClose();
    },
  });
  return (
    <Dialog title="New queue" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate(String(new FormData(event.currentTarget).get("name")));
        }}
      >
        <Field label="Name" name="name" required maxLength={200} />
        {make.error ? <Failed error={make.error} /> : null}
        <Button look="strong" type="submit" disabled={make.isPending}>
          Make it
        </Button>
      </form>
    </Dialog>
  );
}
