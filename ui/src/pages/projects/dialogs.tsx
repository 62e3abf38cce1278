import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { call } from "@/api/client";
import type { Project } from "@/api/types";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Area, Form, Sure } from "@/components/form";
import { some } from "@/components/format";
import { Found } from "@/components/states";
import { tagsOf } from "../actions/dialogs";

export function Make({ below, onClose }: { below: string; onClose: () => void }) {
  const client = useQueryClient();
  const make = useMutation({
    mutationFn: (fields: { name: string; description: string }) => call("projects.create", fields),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["projects"] });
      onClose();
    },
  });
  return (
    <Dialog title="New project" onClose={onClose}>
      <Form asked={make} send="Make it" onSend={(said) => make.mutate({ name: String(said.get("name")), description: String(said.get("description")) })}>
        <Field label="Name" name="name" required defaultValue={below ? `${below}/` : ""} hint="Slashes make a tree: Team/Pets" />
        <Area label="Description, in Markdown" name="description" rows={4} />
      </Form>
    </Dialog>
  );
}

export function Edit({ project, onClose }: { project: Project; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const edit = useMutation({
    mutationFn: async (fields: { name: string; parent: string; description: string; tags: string[] }) => {
      const before = project.name.includes("/") ? project.name.slice(0, project.name.lastIndexOf("/")) : "";
      const name = before ? `${before}/${fields.name}` : fields.name;
      await call("projects.update", { project: project.id, name, description: fields.description, tags: fields.tags });
      if (fields.parent !== before) await call("projects.move", { project: project.id, new_location: fields.parent });
      return fields.parent ? `${fields.parent}/${fields.name}` : fields.name;
    },
    onSuccess: async (name) => {
      await client.invalidateQueries({ queryKey: ["projects"] });
      onClose();
      void navigate({ to: "/projects", search: { at: name }, replace: true });
    },
  });
  const at = project.name.lastIndexOf("/");
  return (
    <Dialog title={`Edit ${project.name}`} onClose={onClose}>
      <Form
        asked={edit}
        send="Save"
        onSend={(said) =>
          edit.mutate({ name: String(said.get("name")).trim(), parent: String(said.get("parent")).trim().replace(/^\/+|\/+$/g, ""), description: String(said.get("description")), tags: tagsOf(said.get("tags")) })
        }
      >
        <Field label="Name" name="name" required pattern="[^\/]+" title="a name without slashes" defaultValue={project.name.slice(at + 1)} />
        <Field label="Lies in" name="parent" defaultValue={at > 0 ? project.name.slice(0, at) : ""} hint="The project above it; nothing is the top." />
        <Field label="Tags" name="tags" defaultValue={project.tags?.join(", ")} hint="With commas between them." />
        <Area label="Description, in Markdown" name="description" rows={6} defaultValue={project.description} />
      </Form>
    </Dialog>
  );
}

/** Says what goes along before anything does. */
export function Remove({ project, onClose }: { project: Project; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const what = useQuery({ queryKey: ["deletion", { project: project.id }], queryFn: ({ signal }) => call("projects.validate_delete", { project: project.id }, signal), staleTime: 0 });
  const remove = useMutation({
    mutationFn: () => call("projects.delete", { project: project.id, force: true, delete_contents: true }),
    onSuccess: async () => {
      onClose();
      await client.invalidateQueries({ queryKey: ["projects"] });
      const above = project.name.includes("/") ? project.name.slice(0, project.name.lastIndexOf("/")) : undefined;
      void navigate({ to: "/projects", search: { at: above }, replace: true });
    },
  });
  return (
    <Dialog title={`Delete ${project.name}?`} onClose={onClose}>
      <Found query={what}>
        {(found) => (
          <Sure asked={remove} does="Delete all of it" keep="Keep it" onSure={() => remove.mutate()} onClose={onClose}>
            It goes with everything in it and below it: {some(found.tasks ?? 0, "run")}, {some(found.models ?? 0, "model")}, {some(found.datasets ?? 0, "dataset")}, with their files. This can't be undone.
          </Sure>
        )}
      </Found>
    </Dialog>
  );
}
