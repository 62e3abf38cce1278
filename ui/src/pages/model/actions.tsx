import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, BadgeCheck, Ellipsis, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import type { Many } from "@/api/results";
import type { Model } from "@/api/types";
import { tell } from "@/app/toasts";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Menu } from "@/components/menu";
import { Area, Form, Sure } from "@/components/form";
import { tagsOf } from "../actions/dialogs";

/** What can be done with a model. */
export function ModelActions({ model }: { model: Model }) {
  const client = useQueryClient();
  const [asked, setAsked] = useState<"edit" | "publish" | "delete" | null>(null);
  const isArchived = model.system_tags?.includes("archived") ?? false;
  const again = () => Promise.all([client.invalidateQueries({ queryKey: ["model"] }), client.invalidateQueries({ queryKey: ["models"] })]);
  async function archive(on: boolean) {
    checked(await call(on ? "models.archive_many" : "models.unarchive_many", { ids: [model.id] }));
    await again();
  }
  async function change(on: boolean) {
    try {
      await archive(on);
      tell(on ? `${model.name} is archived.` : `${model.name} is brought back.`, () => archive(!on));
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  }
  return (
    <>
      <Button icon={<Pencil />} label="Edit name, tags and comment" onClick={() => setAsked("edit")} />
      <Menu
        button={
          <Button icon={<Ellipsis />} aria-haspopup="menu">
            Actions
          </Button>
        }
        choices={[
          { label: "Publish…", icon: <BadgeCheck aria-hidden />, onChoose: () => setAsked("publish"), isOff: model.ready ?? false },
          isArchived
            ? { label: "Bring back", icon: <ArchiveRestore aria-hidden />, onChoose: () => void change(false) }
            : { label: "Archive", icon: <Archive aria-hidden />, onChoose: () => void change(true) },
          { label: "Delete…", icon: <Trash2 aria-hidden />, isDanger: true, onChoose: () => setAsked("delete") },
        ]}
      />
      {asked === "edit" ? <Edit model={model} onDone={again} onClose={() => setAsked(null)} /> : null}
      {asked === "publish" ? <Publish model={model} onDone={again} onClose={() => setAsked(null)} /> : null}
      {asked === "delete" ? <Delete model={model} onClose={() => setAsked(null)} /> : null}
    </>
  );
}

/** What of one was refused is an error. */
function checked(many: Many): void {
  const first = many.failed[0];
  if (first) throw new Error(first.error.msg);
}

interface Asking {
  model: Model;
  onDone: () => Promise<unknown>;
  onClose: () => void;
}

function Edit({ model, onDone, onClose }: Asking) {
  const edit = useMutation({
    mutationFn: (fields: { name: string; comment: string; tags: string[] }) => call("models.update", { model: model.id, ...fields }),
    onSuccess: async () => {
      onClose();
      await onDone();
    },
  });
  return (
    <Dialog title="Edit the model" onClose={onClose}>
      <Form asked={edit} send="Save" onSend={(said) => edit.mutate({ name: String(said.get("name")).trim(), comment: String(said.get("comment")), tags: tagsOf(said.get("tags")) })}>
        <Field label="Name" name="name" required defaultValue={model.name} />
        <Field label="Tags" name="tags" defaultValue={model.tags?.join(", ")} hint="With commas between them." />
        <Area label="Comment" name="comment" rows={4} defaultValue={model.comment} />
      </Form>
    </Dialog>
  );
}

function Publish({ model, onDone, onClose }: Asking) {
  const publish = useMutation({
    mutationFn: async () => checked(await call("models.publish_many", { ids: [model.id], publish_tasks: false })),
    onSuccess: async () => {
      tell(`${model.name} is published.`);
      onClose();
      await onDone();
    },
  });
  return (
    <Dialog title={`Publish ${model.name}?`} onClose={onClose}>
      <Sure asked={publish} does="Publish" isDanger={false} onSure={() => publish.mutate()} onClose={onClose}>
        A published model stays as it is: its weights are not replaced, and it is deleted only by force. This can't be undone.
      </Sure>
    </Dialog>
  );
}

function Delete({ model, onClose }: Omit<Asking, "onDone">) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: async () => checked(await call("models.delete_many", { ids: [model.id], force: true })),
    onSuccess: async () => {
      tell(`${model.name} is deleted.`);
      onClose();
      void navigate({ to: "/models", search: {} });
      await client.invalidateQueries({ queryKey: ["models"] });
    },
  });
  return (
    <Dialog title={`Delete ${model.name}?`} onClose={onClose}>
      <Sure asked={remove} does="Delete" onSure={() => remove.mutate()} onClose={onClose}>
        The model goes{model.ready ? ", though it is published," : ""} with its weights, if they lie on this server. Runs that used it keep their other records. This can't be undone.
      </Sure>
    </Dialog>
  );
}
