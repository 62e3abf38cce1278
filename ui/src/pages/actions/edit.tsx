import { useMutation, useQueryClient } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Failed } from "@/components/states";
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
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const fields = new FormData(event.currentTarget);
          edit.mutate({ name: String(fields.get("name")).trim(), comment: String(fields.get("comment")), tags: tagsOf(fields.get("tags")) });
        }}
      >
        <Field label="Name" name="name" required minLength={3} defaultValue={task.name} />
        <Field label="Tags" name="tags" defaultValue={task.tags?.join(", ")} hint="With commas between them." />
        <div className="field">
          <label htmlFor="edit-comment">Comment</label>
          <textarea id="edit-comment" name="comment" className="input" rows={5} defaultValue={task.comment} />
        </div>
        {edit.error ? <Failed error={edit.error} /> : null}
        <Button look="strong" type="submit" disabled={edit.isPending}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}
