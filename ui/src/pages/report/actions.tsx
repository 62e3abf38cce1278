import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, BookCheck, Ellipsis, FolderInput, Tag, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { call } from "@/api/client";
import { aboutOf, type Report } from "@/api/reports";
import { tell } from "@/app/toasts";
import { nameOf } from "@/components/bits";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Form } from "@/components/form";
import { Field } from "@/components/field";
import { Menu } from "@/components/menu";
import { tagsOf } from "../actions/dialogs";
import { ProjectField } from "./make";

type Asked = "edit" | "move" | "publish" | "delete";

/** What can be done with a report beside writing it. */
export function ReportActions({ report }: { report: Report }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const client = useQueryClient();
  const navigate = useNavigate();
  const task = report.id;
  const isArchived = report.system_tags?.includes("archived") ?? false;
  const isFixed = report.status === "published";
  const again = () => Promise.all([client.invalidateQueries({ queryKey: ["report", task] }), client.invalidateQueries({ queryKey: ["tasks"] })]);
  async function archive(): Promise<void> {
    try {
      if (isArchived) await call("reports.unarchive", { task });
      else await call("reports.archive", { task });
      tell(
        isArchived ? "The report is brought back." : "The report is archived.",
        isArchived
          ? undefined
          : async () => {
              await call("reports.unarchive", { task });
              await again();
            },
      );
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
    await again();
  }
  const ask = { onClose: () => setAsked(null), onDone: again };
  return (
    <>
      <Menu
        button={<Button icon={<Ellipsis />} label="More to do" aria-haspopup="menu" />}
        choices={[
          { label: "Name and tags…", icon: <Tag aria-hidden />, isOff: isFixed, onChoose: () => setAsked("edit") },
          { label: "Move…", icon: <FolderInput aria-hidden />, onChoose: () => setAsked("move") },
          { label: "Publish…", icon: <BookCheck aria-hidden />, isOff: isFixed, onChoose: () => setAsked("publish") },
          { label: isArchived ? "Bring back" : "Archive", icon: isArchived ? <ArchiveRestore aria-hidden /> : <Archive aria-hidden />, onChoose: () => void archive() },
          { label: "Delete…", icon: <Trash2 aria-hidden />, isDanger: true, onChoose: () => setAsked("delete") },
        ]}
      />
      {asked === "edit" ? (
        <Ask
          {...ask}
          title="Name and tags"
          button="Save"
          work={async (fields) => {
            await call("reports.update", { task, name: String(fields.get("name")).trim(), tags: tagsOf(fields.get("tags")), comment: String(fields.get("comment")) });
          }}
        >
          <Field label="Name" name="name" required minLength={3} defaultValue={report.name} />
          <Field label="Tags" name="tags" defaultValue={report.tags?.join(", ")} hint="With commas between them." />
          <Field label="What it says, in a line" name="comment" defaultValue={report.comment} />
        </Ask>
      ) : null}
      {asked === "move" ? (
        <Ask
          {...ask}
          title={`Move ${report.name}`}
          button="Move"
          work={async (fields) => {
            await call("reports.move", { task, project_name: String(fields.get("project")).trim() });
          }}
        >
          <ProjectField value={aboutOf(nameOf(report.project))} hint="What it is about. One that is not there is made." />
        </Ask>
      ) : null}
      {asked === "publish" ? (
        <Ask
          {...ask}
          title={`Publish ${report.name}?`}
          button="Publish it"
          work={async () => {
            await call("reports.publish", { task });
            void navigate({ to: ".", search: {}, replace: true });
          }}
        >
          <p>Nobody can change its text afterwards. Its charts go on showing their runs as they are.</p>
        </Ask>
      ) : null}
      {asked === "delete" ? (
        <Ask
          {...ask}
          title={`Delete ${report.name}?`}
          button="Delete it"
          isDanger
          work={async () => {
            await call("reports.delete", { task, force: true });
            sessionStorage.removeItem(`report ${task}`);
            tell("The report is deleted.");
            void navigate({ to: "/reports" });
          }}
        >
          <p>Its text goes, with the pictures that were put into it. The runs that it shows stay. This can&rsquo;t be undone.</p>
        </Ask>
      ) : null}
    </>
  );
}

interface AskProps {
  title: string;
  button: string;
  isDanger?: boolean;
  work: (fields: FormData) => Promise<void>;
  onClose: () => void;
  onDone: () => Promise<unknown>;
  children: ReactNode;
}

function Ask({ title, button, isDanger = false, work, onClose, onDone, children }: AskProps) {
  const done = useMutation({
    mutationFn: work,
    onSuccess: async () => {
      onClose();
      await onDone();
    },
  });
  return (
    <Dialog title={title} onClose={onClose}>
      <Form asked={done} send={button} isDanger={isDanger} onSend={(fields) => done.mutate(fields)}>
        {children}
      </Form>
    </Dialog>
  );
}
