import { ChartBar, MoveDown, MoveUp } from "lucide-react";
import { useMemo } from "react";
import { useSaid } from "@/app/use-said";
import { relationOf } from "@/charts/relation";
import { count } from "@/components/format";
import { Empty } from "@/components/states";
import type { PartProps } from "../compare";
import { Chooser } from "./choosers";
import { differs, traitsOf } from "./runs";

const LIKELY = 0.05;

/** Which parameters go with a metric, the strongest first. */
export default function Importance({ runs }: PartProps) {
  const [said, set] = useSaid();
  const traits = useMemo(() => traitsOf(runs), [runs]);
  const metrics = traits.filter(({ kind, name }) => kind === "metric" && !name.startsWith(":monitor:"));
  const metric = metrics.find(({ key }) => key === said.py) ?? metrics[0];
  const found = useMemo(
    () =>
      metric
        ? traits
            .filter((trait) => trait.kind === "parameter" && differs(trait))
            .flatMap((trait) => {
              const relation = relationOf(trait.values, metric.values);
              return relation ? [{ trait, relation }] : [];
            })
            .sort((a, b) => b.relation.strength - a.relation.strength)
        : [],
    [traits, metric],
  );
  if (metric === undefined || !found.length)
    return (
      <Empty title="Nothing to weigh" icon={<ChartBar size={24} aria-hidden />}>
        It takes at least three runs that differ in a parameter and in a metric.
      </Empty>
    );
  return (
    <>
      <div className="row wrap controls">
        <Chooser label="What goes with" traits={metrics} value={metric.key} onChange={(py) => set({ py })} />
      </div>
      <table className="panel importance">
        <thead>
          <tr>
            <th scope="col">Parameter</th>
            <th scope="col">How much it goes with the metric</th>
            <th scope="col" className="number">
              By chance
            </th>
            <th scope="col" className="number">
              Runs
            </th>
          </tr>
        </thead>
        <tbody>
          {found.map(({ trait, relation: { strength, direction, chance, count: having } }) => (
            <tr key={trait.key} className={chance > LIKELY ? "unsure" : ""}>
              <th scope="row" className="ellipsis" title={trait.name}>
                {trait.name}
              </th>
              <td>
                <div className="row">
                  <span className="importance-bar" aria-hidden>
                    <span style={{ width: `${strength * 100}%` }} />
                  </span>
                  <span className="importance-value">{strength.toFixed(2)}</span>
                  <span className="importance-way">{direction > 0 ? <MoveUp size={14} aria-label="more goes with more" /> : direction < 0 ? <MoveDown size={14} aria-label="more goes with less" /> : null}</span>
                </div>
              </td>
              <td className="number">{chance < 0.005 ? "< 1 %" : `${Math.round(chance * 100)} %`}</td>
              <td className="number">{count(having)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="small soft scatter-foot">
        Numbers: correlation of ranks. Words: correlation ratio. “By chance” is how often as much comes out when the values of the metric are dealt out anew; above 5 % a row is pale. What goes together need not be a cause.
      </p>
    </>
  );
}
