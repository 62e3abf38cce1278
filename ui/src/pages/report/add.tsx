import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call, CallError } from "@/api/client";
import { aboutOf } from "@/api/reports";
import { tell } from "@/app/toasts";
import { Code, nameOf } from "@/components/bits";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Failed, Found } from "@/components/states";
import { useSlow } from "@/components/use-slow";
import { type Embed, type Kind, writeEmbed } from "./embed";
import { Make } from "./make";
import "./report.css";

const MOST = 50;

/** Put what is shown into a report: at the end of one, as a new one, or by hand. */
export default function Add({ of, onClose }: { of: Partial<Embed> & { show: Kind }; onClose: () => void }) {
  const block = writeEmbed(of);
  const client = useQueryClient();
  const [find, setFind] = useState("");
  const [isMaking, setMaking] = useState(false);
  const wanted = find.trim();
  const text = useSlow(wanted);
  const [chosen, setChosen] = useState("");
  const reports = useQuery({
    queryKey: ["tasks", "reports", "to add to", text],
    queryFn: ({ signal }) =>
      call(
        "reports.get_all_ex",
        {
          ...(text ? { _any_: { pattern: text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), fields: ["name"] } } : {}),
          status: ["created"],
          system_tags: ["-archived"],
          only_fields: ["id", "name", "project.name"],
          order_by: ["-last_update"],
          page: 0,
          page_size: MOST,
        },
        signal,
      ),
    placeholderData: (before) => before,
  });
  const add = useMutation({
    mutationFn: (id: string) => added(id, block, 3),
    onSuccess: async (report) => {
      tell(`Added to ${report.name}.`);
      onClose();
      await Promise.all([client.invalidateQueries({ queryKey: ["report", report.id] }), client.invalidateQueries({ queryKey: ["tasks", "reports"] })]);
    },
  });
  const listed = reports.data?.tasks ?? [];
  // What was chosen may have left the list while another text was typed; then it is the first one, as at the beginning.
  const target = listed.find(({ id }) => id === chosen) ?? listed[0];
  // While the list of an older text is seen, nothing is added: it would go into a report that was not looked for.
  const isListed = wanted === text && !reports.isPlaceholderData;
  if (isMaking) return <Make text={`${block}\n`} onClose={onClose} />;
  return (
    <Dialog title="Add to a report" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (target && isListed && !add.isPending) add.mutate(target.id);
        }}
      >
        <input className="input" type="search" placeholder="Find a report" aria-label="Find a report" value={find} onChange={(event) => setFind(event.target.value)} />
        <Found query={reports}>
          {({ tasks }) =>
            tasks.length ? (
              <fieldset className="lines report-list" aria-label="Reports">
                {tasks.map((report) => (
                  <label key={report.id} className="line">
                    <input type="radio" name="report" value={report.id} checked={report === target} onChange={() => setChosen(report.id)} />
                    <span className="grow ellipsis">{report.name}</span>
                    <span className="faint small ellipsis">{aboutOf(nameOf(report.project))}</span>
                  </label>
                ))}
              </fieldset>
            ) : (
              <p className="soft">{text ? "No report is called so." : "There is no report yet that can be written."}</p>
            )
          }
        </Found>
        {add.error ? <Failed error={add.error} /> : null}
        <div className="row wrap">
          <Button look="strong" type="submit" disabled={add.isPending || !isListed || !target}>
            Add it at the end
          </Button>
          <Button onClick={() => setMaking(true)}>A new report</Button>
        </div>
        <div className="stack tight">
          <p className="small soft">Or copy this to where it belongs:</p>
          <Code label="Copy for a report">{block}</Code>
        </div>
      </form>
    </Dialog>
  );
}

/** Put a block at the end of a report, after what others write there meanwhile. */
async function added(id: string, block: string, tries: number): Promise<{ id: string; name: string }> {
  const { tasks } = await call("reports.get_all_ex", { id: [id] });
  const [report] = tasks;
  if (report === undefined) throw new Error("The report is not there any more");
  const before = (report.report ?? "").trimEnd();
  try {
    await call("reports.update", { task: id, report: before ? `${before}\n\n${block}\n` : `${block}\n`, unchanged_since: report.last_change });
  } catch (error) {
    if (tries > 1 && error instanceof CallError && error.status === 400 && report.status === "created") return added(id, block, tries - 1);
    throw error;
  }
  return { id, name: report.name };
}
