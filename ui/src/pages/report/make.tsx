import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { call } from "@/api/client";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Form } from "@/components/form";

/** The names of projects, to choose one from. */
export function ProjectField({ value = "", hint }: { value?: string; hint: string }) {
  const projects = useQuery({ queryKey: ["projects", "names"], queryFn: ({ signal }) => call("projects.get_all_ex", { only_fields: ["name"], order_by: ["name"], page: 0, page_size: 1_000 }, signal) });
  return (
    <>
      <Field label="Project" name="project" list="report-projects" defaultValue={value} hint={hint} />
      <datalist id="report-projects">
        {projects.data?.projects.map(({ id, name }) => (
          <option key={id} value={name} />
        ))}
      </datalist>
    </>
  );
}

/** The id of a project by its name, made if there is none; undefined without a name. */
async function projectOf(name: string): Promise<string | undefined> {
  if (!name) return undefined;
  const { projects } = await call("projects.get_all_ex", { name: `^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`, only_fields: ["id"] });
  return projects[0]?.id ?? ((await call("projects.create", { name, description: "" })) as { id: string }).id;
}

/** Begin a report; `text` is what it begins with. */
export function Make({ text = "", onClose }: { text?: string; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const make = useMutation({
    mutationFn: async (fields: FormData) => {
      const project = await projectOf(String(fields.get("project")).trim());
      return call("reports.create", { name: String(fields.get("name")).trim(), report: text, ...(project ? { project } : {}) });
    },
    onSuccess: async ({ id }) => {
      onClose();
      void navigate({ to: "/reports/$id", params: { id }, search: { edit: "1" } });
      await client.invalidateQueries({ queryKey: ["tasks"] });
    },
  });
  return (
    <Dialog title="New report" onClose={onClose}>
      <Form asked={make} send="Begin it" onSend={(fields) => make.mutate(fields)}>
        <Field label="Name" name="name" required minLength={3} autoFocus />
        <ProjectField hint="What it is about; it may be about none." />
      </Form>
    </Dialog>
  );
}
