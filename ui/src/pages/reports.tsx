import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FilePlus2, FileText } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import { aboutOf, type Report } from "@/api/reports";
import { useSaid } from "@/app/use-said";
import { nameOf, Status, Tag, TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { Card, cardHeight } from "@/components/card";
import { ListPage } from "@/components/list-page";
import { Empty } from "@/components/states";
import type { Column } from "@/components/table";
import { usePages } from "@/components/use-pages";
import { useSlow } from "@/components/use-slow";
import { Make } from "./report/make";

const FIELDS = ["id", "name", "status", "tags", "project.name", "user", "last_update", "created"];

/** All reports, the last changed first. */
export function Page() {
  const [said, set] = useSaid();
  const navigate = useNavigate();
  const [isMaking, setMaking] = useState(false);
  const text = useSlow((said.q ?? "").trim());
  const order = said.order ?? "-last_update";
  const archived = said.archived === "1";
  const tags = useQuery({ queryKey: ["tasks", "report-tags"], queryFn: ({ signal }) => call("reports.get_tags", {}, signal) });
  const projects = useQuery({
    queryKey: ["projects", "of reports"],
    queryFn: ({ signal }) => call("projects.get_all_ex", { system_tags: ["reports"], only_fields: ["name"], order_by: ["name"], search_hidden: true, page: 0, page_size: 1_000 }, signal),
  });
  const asked = {
    ...(text ? { _any_: { pattern: text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), fields: ["name", "id", "report", "comment"] } } : {}),
    ...(said.tag ? { tags: [said.tag] } : {}),
    ...(said.project ? { project: [said.project], include_subprojects: true } : {}),
    system_tags: [archived ? "archived" : "-archived"],
  };
  const list = usePages(["tasks", "reports", text, order, archived, said.tag ?? "", said.project ?? ""], async (page, size, signal) => {
    const { tasks, total } = await call("reports.get_all_ex", { ...asked, only_fields: FIELDS, order_by: [order], page, page_size: size }, signal);
    return { rows: tasks, total };
  });
  const isAsked = text !== "" || archived || Boolean(said.tag) || Boolean(said.project);
  return (
    <ListPage
      head={
        <div className="page-head">
          <h1 className="grow">Reports</h1>
          <Button look="strong" icon={<FilePlus2 />} onClick={() => setMaking(true)}>
            New report
          </Button>
        </div>
      }
      find="Name or text"
      filters={
        <>
          {tags.data?.tags.length ? (
            <select className="input quiet" aria-label="Tag" value={said.tag ?? ""} onChange={(event) => set({ tag: event.target.value || undefined })}>
              <option value="">any tag</option>
              {tags.data.tags.map((tag) => (
                <option key={tag}>{tag}</option>
              ))}
            </select>
          ) : null}
          {projects.data?.projects.length ? (
            <select className="input quiet" aria-label="Project" value={said.project ?? ""} onChange={(event) => set({ project: event.target.value || undefined })}>
              <option value="">any project</option>
              {projects.data.projects.map(({ id, name }) => (
                <option key={id} value={id}>
                  {aboutOf(name) || "no project"}
                </option>
              ))}
            </select>
          ) : null}
        </>
      }
      one="report"
      label="Reports"
      list={list}
      columns={COLUMNS}
      card={CARD}
      keyOf={(report) => report.id}
      order={order}
      onOpen={(report) => void navigate({ to: "/reports/$id", params: { id: report.id } })}
      empty={
        <Empty title={isAsked ? "No reports" : "No reports yet"} icon={<FileText size={24} aria-hidden />}>
          {isAsked ? "None fits what is asked for." : "A report is a text in Markdown in which curves, plots, samples and tables of runs are shown as they are now. Every chart has a button that adds it to one."}
        </Empty>
      }
    >
      {isMaking ? <Make onClose={() => setMaking(false)} /> : null}
    </ListPage>
  );
}

const CARD = {
  height: cardHeight(1),
  of: (report: Report) => (
    <Card
      name={report.name}
      state={<Status of={report.status === "published" ? "published" : "created"} />}
      under={aboutOf(nameOf(report.project)) || "about no project"}
      at={<TimeAgo at={report.last_update} />}
      lines={[[`by ${nameOf(report.user) || "somebody"}`]]}
      tags={report.tags}
    />
  ),
};
const COLUMNS: Column<Report>[] = [
  { key: "name", title: "Name", width: 260, sort: "name", cell: (report) => <span className="ellipsis strong">{report.name}</span> },
  { key: "state", title: "State", width: 100, sort: "status", cell: (report) => <Status of={report.status === "published" ? "published" : "created"} /> },
  { key: "about", title: "About", width: 180, cell: (report) => <span className="ellipsis soft">{aboutOf(nameOf(report.project)) || "–"}</span> },
  { key: "tags", title: "Tags", width: 180, cell: (report) => report.tags?.map((tag) => <Tag key={tag}>{tag}</Tag>) },
  { key: "by", title: "By", width: 130, cell: (report) => <span className="ellipsis soft">{nameOf(report.user) || "–"}</span> },
  { key: "changed", title: "Changed", width: 120, sort: "last_update", align: "end", cell: (report) => <span className="soft"><TimeAgo at={report.last_update} /></span> },
];
