import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { call } from "@/api/client";
import type { Named, Task } from "@/api/types";
import { tell } from "@/app/toasts";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Form } from "@/components/form";
import { Busy, Empty, Failed } from "@/components/states";
import { QueueField } from "../actions/dialogs";
import { idOf } from "./steps";

/** Start a pipeline once more: a copy of one of its runs, with other arguments, waits in a queue. */
export function Start({ from, project, onClose }: { from: string; project: string; onClose: () => void }) {
  const source = useQuery({ queryKey: ["task", from], queryFn: ({ signal }) => call("tasks.get_by_id_ex", { id: [from], search_hidden: true }, signal) });
  const queues = useQuery({ queryKey: ["queues", "names"], queryFn: ({ signal }) => call("queues.get_all_ex", { only_fields: ["id", "name"], order_by: ["name"] }, signal) });
  const task = source.data?.tasks[0];
  const failed = source.error ?? queues.error;
  return (
    <Dialog title="Start a new run" onClose={onClose}>
      {failed ? (
        <Failed error={failed} />
      ) : task === undefined || queues.data === undefined ? (
        <Busy />
      ) : queues.data.queues.length === 0 ? (
        <Empty title="There are no queues">Make one among the queues first: a run waits in it for an agent that runs the controller.</Empty>
      ) : (
        <Asked task={task} queues={queues.data.queues} project={project} onClose={onClose} />
      )}
    </Dialog>
  );
}

function Asked({ task, queues, project, onClose }: { task: Task; queues: Named[]; project: string; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const args = Object.values(task.hyperparams?.Args ?? {}).filter(({ name }) => !name.startsWith("_"));
  const before = idOf(task.execution?.queue);
  const chosen = queues.find(({ id }) => id === before) ?? queues.find(({ name }) => name === "services") ?? queues[0];
  const start = useMutation({
    mutationFn: async (fields: FormData) => {
      const queue = String(fields.get("queue"));
      const changed = args.map((arg, at) => ({ name: arg.name, value: String(fields.get(`arg-${at}`)) }));
      const answer = await call("pipelines.start_pipeline", { task: task.id, queue, args: changed, verify_watched_queue: true });
      return { ...answer, queue: queues.find(({ id }) => id === queue)?.name ?? queue };
    },
    onSuccess: async ({ pipeline, queue, queue_watched: isWatched }) => {
      tell(isWatched ? `The run waits in ${queue}.` : `The run waits in ${queue}, which no agent listens to now. It begins when one does.`);
      onClose();
      void navigate({ to: "/pipelines/$id/experiments/$run", params: { id: project, run: pipeline }, search: {} });
      await client.invalidateQueries({ queryKey: ["tasks"] });
    },
  });
  return (
    <Form asked={start} send="Start" onSend={(fields) => start.mutate(fields)}>
      {args.length ? (
        args.map((arg, at) => <Field key={arg.name} label={arg.name} name={`arg-${at}`} defaultValue={arg.value} {...(arg.description ? { hint: arg.description } : {})} />)
      ) : (
        <p className="soft">This pipeline takes no arguments.</p>
      )}
      <QueueField label="Queue of the controller" queues={queues} chosen={chosen?.id} />
      <p className="small soft">An agent that listens to it runs the controller, as a copy of {task.name}. The controller sends its steps to the queues that it names.</p>
    </Form>
  );
}
