import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { call } from "@/api/client";
import { Empty, Found } from "@/components/states";
import { ModelFacts } from "./model/facts";
import "./experiment.css";
import "./model.css";

/** One model. */
export function Page() {
  const { id } = useParams({ strict: false }) as { id: string };
  const found = useQuery({ queryKey: ["model", id], queryFn: ({ signal }) => call("models.get_by_id_ex", { id: [id] }, signal) });
  return (
    <div className="page">
      <Found query={found}>
        {({ models: [model] }) =>
          model ? (
            <ModelFacts model={model} />
          ) : (
            <Empty title="There is no such model">
              It was deleted, or its id is another one: <code>{id}</code>
            </Empty>
          )
        }
      </Found>
    </div>
  );
}
