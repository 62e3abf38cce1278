import { Archive, ArchiveRestore, CircleStop, Ellipsis, ListPlus, RotateCcw, Tag, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { Menu } from "@/components/menu";
import { Delete, Enqueue, Reset, Tags } from "./dialogs";
import { useDoing } from "./doing";

type Asked = "tags" | "enqueue" | "reset" | "delete";

/** What can be done with some runs; the server says for which of them it can't. */
export function Actions({ ids, isArchived = false, onGone }: { ids: string[]; isArchived?: boolean; onGone?: () => void }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const doing = useDoing();
  const close = () => setAsked(null);
  return (
    <>
      <Menu
        button={
          <Button icon={<Ellipsis />} aria-haspopup="menu">
            Actions
          </Button>
        }
        choices={[
          { label: "Tags…", icon: <Tag aria-hidden />, onChoose: () => setAsked("tags") },
          { label: "Enqueue…", icon: <ListPlus aria-hidden />, onChoose: () => setAsked("enqueue") },
          { label: "Stop", icon: <CircleStop aria-hidden />, onChoose: () => void doing.stop(ids) },
          { label: "Reset…", icon: <RotateCcw aria-hidden />, onChoose: () => setAsked("reset") },
          isArchived
            ? { label: "Bring back", icon: <ArchiveRestore aria-hidden />, onChoose: () => void doing.bringBack(ids) }
            : { label: "Archive", icon: <Archive aria-hidden />, onChoose: () => void doing.archive(ids) },
          { label: "Delete…", icon: <Trash2 aria-hidden />, isDanger: true, onChoose: () => setAsked("delete") },
        ]}
      />
      {asked === "tags" ? <Tags ids={ids} onClose={close} /> : null}
      {asked === "enqueue" ? <Enqueue ids={ids} onClose={close} /> : null}
      {asked === "reset" ? <Reset ids={ids} onClose={close} /> : null}
      {asked === "delete" ? <Delete ids={ids} onClose={close} {...(onGone ? { onGone } : {})} /> : null}
    </>
  );
}
