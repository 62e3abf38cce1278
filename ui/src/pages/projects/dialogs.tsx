import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { call } from "@/api/client";
import type { Project } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { count } from "@/components/format";
import { Failed, Found } from "@/components/states";

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
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const fields = new FormData(event.currentTarget);
          make.mutate({ name: String(fields.get("name")), description: String(fields.get("description")) });
        }}
      >
        <Field label="Name" name="name" required defaultValue={below ? `${below}/` : ""} hint="Slashes make a tree: Team/Pets" />
        <div className="field">
          <label htmlFor="new-description">Description, in Markdown</label>
          <textarea id="new-description" name="description" className="input" rows={4} />
        </div>
        {make.error ? <Failed error={make.error} /> : null}
        <Button look="strong" type="submit" disabled={make.isPending}>
          Make it
        </Button>
      </form>
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
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const fields = new FormData(event.currentTarget);
          const tags = String(fields.get("tags")).split(",").map((tag) => tag.trim()).filter(Boolean);
          edit.mutate({ name: String(fields.get("name")).trim(), parent: String(fields.get("parent")).trim().replace(/^\/+|\/+$/g, ""), description: String(fields.get("description")), tags });
        }}
      >
        <Field label="Name" name="name" required pattern="[^\/]+" title="a name without slashes" defaultValue={project.name.slice(at + 1)} />
        <Field label="Lies in" name="parent" defaultValue={at > 0 ? project.name.slice(0, at) : ""} hint="The project above it; nothing is the top." />
        <Field label="Tags" name="tags" defaultValue={project.tags?.join(", ")} hint="With commas between them." />
        <div className="field">
          <label htmlFor="edit-description">Description, in Markdown</label>
          <textarea id="edit-description" name="description" className="input" rows={6} defaultValue={project.description} />
        </div>
        {edit.error ? <Failed error={edit.error} /> : null}
        <Button look="strong" type="submit" disabled={edit.isPending}>
          Save
        </Button>
      </form>
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
          <div className="stack">
            <p>
              It goes with everything in it and below it: {count(found.tasks ?? 0)} runs, {count(found.models ?? 0)} models, {count(found.datasets ?? 0)} datasets, with their files. This can't be undone.
            </p>
            {remove.error ? <Failed error={remove.error} /> : null}
            <div className="row">
              <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
                Delete all of it
              </Button>
              <Button onClick={onClose}>Keep it</Button>
            </div>
          </div>
        )}
      </Found>
    </Dialog>
  );
}
