import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Download, FileText, Pencil } from "lucide-react";

import { call } from "@/api/client";
import { aboutOf, type Report } from "@/api/reports";
import { useSaid } from "@/app/use-said";
import { nameOf, Status, Tags, TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { fetched } from "@/components/fetched";
import { PageHead } from "@/components/page-head";
import { save } from "@/components/save";
import { Empty, FoundOne } from "@/components/states";
import { ReportActions } from "./report/actions";
import "./report/report.css";

const Text = fetched(() => import("./report/text"));
const Writing = fetched(() => import("./report/writing"));

/** One report: to be read, or to be written. */
export function Page() {
  const { id } = useParams({ strict: false }) as { id: string };
  const [said] = useSaid();
  const found = useQuery({ queryKey: ["report", id], queryFn: ({ signal }) => call("reports.get_all_ex", { id: [id] }, signal) });
  return (
    <div className={`page ${said.edit ? "full" : ""}`}>
      <FoundOne query={found} among={({ tasks }) => tasks} one="report" id={id} icon={<FileText size={24} aria-hidden />}>
        {(report) => <Whole key={report.id} report={report} />}
      </FoundOne>
    </div>
  );
}

function Whole({ report }: { report: Report }) {
  const [said, set] = useSaid();
  const isFixed = report.status === "published";
  const isWritten = said.edit === "1" && !isFixed;
  return (
    <>
      <PageHead
        isStacked
        where={
          <>
            <Link to="/reports" className="link">
              Reports
            </Link>
            {aboutOf(nameOf(report.project)) ? ` about ${aboutOf(nameOf(report.project))}` : ""}
          </>
        }
        title={report.name}
        facts={
          <>
            <Status of={isFixed ? "published" : "created"} />
            <span>by {nameOf(report.user) || "somebody"}</span>
            <span>
              changed <TimeAgo at={report.last_update} />
            </span>
            <Tags of={report} />
          </>
        }
        acts={
          <div className="row wrap">
            {isWritten || isFixed ? null : (
              <Button look="strong" icon={<Pencil />} onClick={() => set({ edit: "1" })}>
                Write
              </Button>
            )}
            <Button icon={<Download />} label="Download as Markdown" onClick={() => save(`${report.name}.md`, report.report ?? "", "text/markdown")} />
            <ReportActions report={report} />
          </div>
        }
      >
        {report.comment ? <p className="soft">{report.comment}</p> : null}
      </PageHead>
      {isWritten ? (
        <Writing report={report} onDone={() => set({ edit: undefined, pane: undefined })} />
      ) : (
        <article className="panel pad report-paper" aria-label={report.name}>
          {report.report?.trim() ? (
            <Text>{report.report}</Text>
          ) : (
            <Empty title="Nothing is written yet" icon={<FileText size={24} aria-hidden />}>
              Charts of runs have a button that adds them here.
            </Empty>
          )}
        </article>
      )}
    </>
  );
}
