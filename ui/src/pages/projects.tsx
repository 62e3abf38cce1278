import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronRight, FolderPlus, FolderTree, Pencil, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { call } from "@/api/client";
import type { Project } from "@/api/types";
import { useOffer } from "@/app/actions";
import type { Search } from "@/app/router";
import { Status, Tag, TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { count, duration } from "@/components/format";
import { Prose } from "@/components/prose";
import { Empty, Failed, Found } from "@/components/states";
import "./projects.css";

const FIELDS = ["name", "description", "tags", "last_update", "created", "parent"];

/** The tree of projects: what lies in one of them, with what lies below. */
export function Page() {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const set = (values: Search) => void navigate({ to: ".", search: (before: Search) => ({ ...before, ...values }), replace: true });
  const found = useQuery({
    queryKey: ["projects", "all"],
    queryFn: ({ signal }) =>
      call("projects.get_all_ex", { only_fields: FIELDS, order_by: ["name"], page: 0, page_size: 5_000, include_stats: true, stats_with_children: true, search_hidden: false }, signal),
  });
  const [making, setMaking] = useState(false);
  useOffer(useMemo(() => [{ key: "project", label: "New project", icon: <FolderPlus aria-hidden />, run: () => setMaking(true) }], []));
  return (
    <div className="page">
      <div className="page-head">
        <h1 className="grow">Projects</h1>
        <Button look="strong" icon={<FolderPlus />} onClick={() => setMaking(true)}>
          New project
        </Button>
      </div>
      <div className="row wrap filters" role="search">
        <input className="input quiet find" type="search" placeholder="Find a project" aria-label="Find a project" value={search.q ?? ""} onChange={(event) => set({ q: event.target.value || undefined })} />
      </div>
      <Found query={found}>{({ projects }) => <Level projects={projects} at={search.at ?? ""} find={search.q ?? ""} />}</Found>
      {making ? <Make below={search.at ?? ""} onClose={() => setMaking(false)} /> : null}
    </div>
  );
}

/** What lies directly in `at`; or, when something is looked for, whatever has that in its name. */
function Level({ projects, at, find }: { projects: Project[]; at: string; find: string }) {
  const own = projects.find(({ name }) => name === at);
  const shown = useMemo(() => {
    const wanted = find.trim().toLowerCase();
    if (wanted) return projects.filter(({ name, id }) => name.toLowerCase().includes(wanted) || id === wanted);
    const prefix = at ? `${at}/` : "";
    return projects.filter(({ name }) => name.startsWith(prefix) && name !== at && !name.slice(prefix.length).includes("/"));
  }, [projects, at, find]);
  return (
    <>
      {at ? (
        <nav aria-label="Where it is" className="row wrap crumbs">
          <Link to="/projects" search={{}} className="link">
            Projects
          </Link>
          {at.split("/").map((part, index, parts) => (
            <span key={parts.slice(0, index + 1).join("/")} className="row">
              <ChevronRight size={14} aria-hidden />
              {index === parts.length - 1 ? (
                <strong>{part}</strong>
              ) : (
                <Link to="/projects" search={{ at: parts.slice(0, index + 1).join("/") }} className="link">
                  {part}
                </Link>
              )}
            </span>
          ))}
        </nav>
      ) : null}
      {own ? <Own project={own} /> : null}
      {shown.length ? (
        <ul className="cards">
          {shown.map((project) => (
            <Card key={project.id} project={project} from={find ? "" : at} hasMore={projects.some(({ name }) => name.startsWith(`${project.name}/`))} />
          ))}
        </ul>
      ) : own ? null : (
        <Empty title={find ? "No such project" : "No projects"} icon={<FolderTree size={24} aria-hidden />}>
          {find ? "No name holds what is asked for." : "A project is made by the first run, or the first dataset, that names it."}
        </Empty>
      )}
    </>
  );
}

function Card({ project, from, hasMore }: { project: Project; from: string; hasMore: boolean }) {
  const stats = project.stats?.active;
  const counts = Object.entries(stats?.status_count ?? {}).filter(([, many]) => many);
  return (
    <li className="panel card">
      <Link to={hasMore ? "/projects" : "/experiments"} search={hasMore ? { at: project.name } : { project: project.id }} className="card-link">
        <h2 className="ellipsis" title={project.name}>
          {from ? project.name.slice(from.length + 1) : project.name}
        </h2>
        <p className="soft small">
          {count(stats?.total_tasks ?? 0)} runs{stats?.total_runtime ? `, ${duration(stats.total_runtime)} in all` : ""}
        </p>
        <p className="row wrap card-states">
          {counts.map(([status, many]) => (
            <span key={status} className="row small">
              <Status of={status as never} /> {count(many)}
            </span>
          ))}
        </p>
        <p className="row wrap">
          {project.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>)}
          <span className="faint small">
            changed <TimeAgo at={project.last_update} />
          </span>
        </p>
      </Link>
    </li>
  );
}

function Own({ project }: { project: Project }) {
  const [asked, setAsked] = useState<"edit" | "delete" | null>(null);
  return (
    <section className="panel pad stack">
      <div className="row wrap">
        <Link to="/experiments" search={{ project: project.id }} className="button">
          Show its {count(project.stats?.active?.total_tasks ?? 0)} runs
        </Link>
        <span className="grow" />
        <Button icon={<Pencil />} onClick={() => setAsked("edit")}>
          Edit
        </Button>
        <Button look="danger" icon={<Trash2 />} onClick={() => setAsked("delete")}>
          Delete
        </Button>
      </div>
      {project.description ? <Prose>{project.description}</Prose> : null}
      {asked === "edit" ? <Edit project={project} onClose={() => setAsked(null)} /> : null}
      {asked === "delete" ? <Remove project={project} onClose={() => setAsked(null)} /> : null}
    </section>
  );
}

function Make({ below, onClose }: { below: string; onClose: () => void }) {
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

function Edit({ project, onClose }: { project: Project; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const edit = useMutation({
    mutationFn: async (fields: { name: string; parent: string; description: string; tags: string[] }) => {
      await call("projects.update", { project: project.id, name: fields.name, description: fields.description, tags: fields.tags });
      const before = project.name.includes("/") ? project.name.slice(0, project.name.lastIndexOf("/")) : "";
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
function Remove({ project, onClose }: { project: Project; onClose: () => void }) {
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
