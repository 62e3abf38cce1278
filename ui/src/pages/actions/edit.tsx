import { useMutation, useQueryClient } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Area, Form } from "@/components/form";
import { tagsOf } from "./dialogs";
import { refresh } from "./doing";

/** What people say of a run: its name, its tags, a comment. */
export function Edit({ task, onClose }: { task: Task; onClose: () => void }) {
  const client = useQueryClient();
  const edit = useMutation({
    mutationFn: (fields: { name: string; comment: string; tags: string[] }) => call("tasks.update", { task: task.id, ...fields }),
    onSuccess: async () => {
      onClose();
      await refresh(client);
    },
  });
  return (
    <Dialog title="Edit the run" onClose={onClose}>
      <Form asked={edit} send="Save" onSend={(said) => edit.mutate({ name: String(said.get("name")).trim(), comment: String(said.get("comment")), tags: tagsOf(said.get("tags")) })}>
        <Field label="Name" name="name" required minLength={3} defaultValue={task.name} />
        <Field label="Tags" name="tags" defaultValue={task.tags?.join(", ")} hint="With commas between them." />
        <Area label="Comment" name="comment" rows={5} defaultValue={task.comment} />
      </Form>
    </Dialog>
  );
}
