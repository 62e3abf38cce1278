import { useQuery } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Version } from "@/api/datasets";
import type { Task } from "@/api/types";
import { Empty, Found } from "@/components/states";
import Plots from "../experiment/plots";
import Pictures from "../experiment/samples";

/** What a version shows of itself: samples of its files and how they lie, which were reported when it became final, or by a script. */
export default function Samples({ version }: { version: Version }) {
  const found = useQuery({
    queryKey: ["task", version.id],
    queryFn: ({ signal }) => call("tasks.get_by_id_ex", { id: [version.id], search_hidden: true }, signal),
  });
  return <Found query={found}>{({ tasks: [task] }) => (task ? <Both task={task} /> : <Empty title="Nothing was reported of this version" />)}</Found>;
}

function Both({ task }: { task: Task }) {
  return (
    <div className="stack">
      <Pictures task={task} />
      <Plots task={task} />
    </div>
  );
}
