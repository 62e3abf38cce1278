import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronRight, FolderPlus, FolderTree, LayoutGrid, List as ListIcon } from "lucide-react";
import { useMemo, useState } from "react";
import { call } from "@/api/client";
import type { Project } from "@/api/types";
import { useOffer } from "@/app/actions";
import { useSaid } from "@/app/use-said";
import { Button } from "@/components/button";
import { Archived } from "@/components/list-page";
import { Empty, Found } from "@/components/states";
import { Make } from "./projects/dialogs";
import { Cards, List } from "./projects/list";
import { Own } from "./projects/own";
import "./projects.css";

const FIELDS = ["name", "description", "tags", "last_update", "created", "parent", "system_tags"];

/** The tree of projects: what lies in one of them, with what lies below. */
export function Page() {
  const [search, set] = useSaid();
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
        <div className="segments" role="group" aria-label="How they are shown">
          {(["cards", "list"] as const).map((view) => (
            <Button key={view} look="quiet" icon={view === "cards" ? <LayoutGrid /> : <ListIcon />} label={view === "cards" ? "As cards" : "As a list"} aria-pressed={(search.view ?? "cards") === view} onClick={() => set({ view: view === "cards" ? undefined : view })} />
          ))}
        </div>
        <Archived />
      </div>
      <Found query={found}>{({ projects }) => <Level projects={projects} at={search.at ?? ""} find={search.q ?? ""} isList={search.view === "list"} isArchived={Boolean(search.archived)} />}</Found>
      {making ? <Make below={search.at ?? ""} onClose={() => setMaking(false)} /> : null}
    </div>
  );
}

/** What lies directly in `at`; or, when something is looked for, whatever has that in its name. */
function Level({ projects, at, find, isList, isArchived }: { projects: Project[]; at: string; find: string; isList: boolean; isArchived: boolean }) {
  const own = projects.find(({ name }) => name === at);
  const away = useMemo(() => archivedAmong(projects), [projects]);
  const shown = useMemo(() => {
    const wanted = find.trim().toLowerCase();
    const listed = projects.filter(({ name }) => away.has(name) === isArchived);
    if (wanted) return listed.filter(({ name, id }) => name.toLowerCase().includes(wanted) || id === wanted);
    // Those that were archived, without what lies below them; from inside of one everything is seen.
    if (isArchived && !at) return listed.filter(({ system_tags: tags }) => tags?.includes("archived"));
    const prefix = at ? `${at}/` : "";
    const within = away.has(at) ? projects : listed;
    return within.filter(({ name }) => name.startsWith(prefix) && name !== at && !name.slice(prefix.length).includes("/"));
  }, [projects, away, at, find, isArchived]);
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
      {own ? <Own project={own} isAway={away.has(at)} /> : null}
      {shown.length ? (
        isList ? <List projects={shown} from={find || isArchived ? "" : at} /> : <Cards projects={shown} from={find || isArchived ? "" : at} />
      ) : own ? null : (
        <Empty title={find ? "No such project" : isArchived ? "No archived projects" : "No projects"} icon={<FolderTree size={24} aria-hidden />}>
          {find ? "No name holds what is asked for." : isArchived ? "What is archived is listed here." : "A project is made by the first run, or the first dataset, that names it."}
        </Empty>
      )}
    </>
  );
}

/** The names of the projects that are archived, or lie below one that is. */
function archivedAmong(projects: Project[]): Set<string> {
  const tops = projects.filter(({ system_tags: tags }) => tags?.includes("archived")).map(({ name }) => name);
  return new Set(projects.map(({ name }) => name).filter((name) => tops.some((top) => name === top || name.startsWith(`${top}/`))));
}
