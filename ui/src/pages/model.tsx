import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { call } from "@/api/client";
import { FoundOne } from "@/components/states";
import { ModelFacts } from "./model/facts";
import "./experiment.css";
import "./model.css";

/** One model. */
export function Page() {
  const { id } = useParams({ strict: false }) as { id: string };
  const found = useQuery({ queryKey: ["model", id], queryFn: ({ signal }) => call("models.get_by_id_ex", { id: [id] }, signal) });
  return (
    <div className="page">
      <FoundOne query={found} among={({ models }) => models} one="model" id={id}>
        {(model) => <ModelFacts model={model} />}
      </FoundOne>
    </div>
  );
}
