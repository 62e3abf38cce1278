import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useOffer } from "@/app/actions";
import { useSaid } from "@/app/use-said";
import { Button } from "@/components/button";
import { fetched } from "@/components/fetched";
import { Tabbed } from "@/components/tabbed";
import { Name } from "./queues/dialogs";
import "./queues.css";

const PARTS = [
  ["waiting", "Waiting", fetched(() => import("./queues/waiting"))],
  ["workers", "Workers", fetched(() => import("./queues/workers"))],
] as const;

/** What waits to be run, in which order, and who runs it. */
export function Page() {
  const [said, set] = useSaid();
  const [isMaking, setMaking] = useState(false);
  useOffer(useMemo(() => [{ key: "queue", label: "New queue", icon: <Plus aria-hidden />, run: () => setMaking(true) }], []));
  return (
    <div className="page">
      <div className="page-head">
        <h1 className="grow">Queues and workers</h1>
        <Button look="strong" icon={<Plus />} onClick={() => setMaking(true)}>
          New queue
        </Button>
      </div>
      <Tabbed label="Queues and workers" parts={PARTS} asked={said.tab} onAsk={(tab) => set({ tab: tab === "waiting" ? undefined : tab })} props={{}} />
      {isMaking ? <Name onClose={() => setMaking(false)} /> : null}
    </div>
  );
}
