import { FilePlus2 } from "lucide-react";
import { useState } from "react";
import type { Look } from "@/charts/controls";
import { Button } from "@/components/button";
import { fetched } from "@/components/fetched";
import type { Embed, Kind } from "./embed";

/** How curves are drawn, as a report says it. */
export function saidOf(look: Look): Pick<Embed, "x" | "smooth" | "log"> {
  return { x: look.axis, smooth: String(look.strength), log: look.isLogY };
}

const Add = fetched(
  () => import("./add"),
  () => null,
);

/** A button that puts what is shown into a report, where it goes on being shown as it is. */
export function ToReport({ of, name }: { of: Partial<Embed> & { show: Kind }; name: string }) {
  const [isAsked, setAsked] = useState(false);
  return (
    <>
      <Button look="quiet" icon={<FilePlus2 />} label={`Add ${name} to a report`} onClick={() => setAsked(true)} />
      {isAsked ? (
        <Add of={of} onClose={() => setAsked(false)} />
      ) : null}
    </>
  );
}
