import { useMutation, useQueryClient } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Queue } from "@/api/results";
import { tell } from "@/app/toasts";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Form, Sure } from "@/components/form";
import { count } from "@/components/format";

export function Name({ queue, onClose }: { queue?: Queue; onClose: () => void }) {
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: async (name: string) => (queue ? call("queues.update", { queue: queue.id, name }) : call("queues.create", { name })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["queues"] });
      onClose();
    },
  });
  return (
    <Dialog title={queue ? `Rename ${queue.name}` : "New queue"} onClose={onClose}>
      <Form asked={save} send={queue ? "Rename" : "Make it"} onSend={(said) => save.mutate(String(said.get("name")).trim())}>
        <Field label="Name" name="name" required maxLength={200} defaultValue={queue?.name} {...(queue ? { hint: "Agents that name the queue when they start need the new name." } : {})} />
      </Form>
    </Dialog>
  );
}

/** Take everything out of a queue, or the queue itself away; what waits becomes what it was before. */
export function Emptied({ queue, isDeleted, onClose }: { queue: Queue; isDeleted: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const waiting = queue.entries?.length ?? 0;
  const done = useMutation({
    mutationFn: async () => (isDeleted ? call("queues.delete", { queue: queue.id, force: true }) : call("queues.clear_queue", { queue: queue.id })),
    onSuccess: async () => {
      tell(isDeleted ? `The queue ${queue.name} is deleted.` : `Nothing waits in ${queue.name} any more.`);
      onClose();
      await Promise.all([client.invalidateQueries({ queryKey: ["queues"] }), client.invalidateQueries({ queryKey: ["tasks"] })]);
    },
  });
  return (
    <Dialog title={isDeleted ? `Delete the queue ${queue.name}?` : `Empty the queue ${queue.name}?`} onClose={onClose}>
      <Sure asked={done} does={isDeleted ? "Delete" : "Empty it"} onSure={() => done.mutate()} onClose={onClose}>
        {waiting ? `${count(waiting)} ${waiting === 1 ? "run waits" : "runs wait"} in it, and will be what ${waiting === 1 ? "it was" : "they were"} before.` : "Nothing waits in it."}
        {isDeleted ? " Agents that listen to it find nothing there any more. This can't be undone." : ""}
      </Sure>
    </Dialog>
  );
}
