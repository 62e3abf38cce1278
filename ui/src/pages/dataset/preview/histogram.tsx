import type { Histogram } from "@/api/datasets";
import { brief, count, number } from "@/components/format";

const [WIDTH, HEIGHT] = [156, 40];

/** How the values of a column are spread: bars of steps, or the most frequent values with their shares. */
export function HistogramOf({ of, rows }: { of: Histogram; rows: number }) {
  if (of.kind === "categories") {
    const shown = of.values.slice(0, 3);
    const rest = of.others + of.values.slice(3).reduce((sum, one) => sum + one.count, 0);
    return (
      <ul className="shares">
        {shown.map(({ value, count: times }) => (
          <Share key={value} name={value === "" ? "empty text" : value} times={times} rows={rows} />
        ))}
        {rest ? <Share name="others" times={rest} rows={rows} isRest /> : null}
      </ul>
    );
  }
  const most = Math.max(...of.counts, 1);
  const step = WIDTH / of.counts.length;
  const low = said(of.kind, of.start);
  const high = said(of.kind, of.stop);
  if (of.counts.length === 1) return <p className="small faint">{`always ${low}`}</p>;
  return (
    <figure className="spread">
      <svg width={WIDTH} height={HEIGHT} role="img" aria-label={`From ${low} to ${high}; the most frequent step has ${count(most)} rows`}>
        {of.counts.map((times, at) => {
          const height = times ? Math.max(1.5, (times / most) * HEIGHT) : 0;
          return (
            // Steps have no names, and never move.
            <rect key={at} x={at * step + 0.5} y={HEIGHT - height} width={Math.max(1, step - 1)} height={height} rx={step > 4 ? 1 : 0}>
              <title>{`${count(times)} ${times === 1 ? "row" : "rows"}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption>
        <span className="ellipsis">{low}</span>
        <span className="ellipsis">{high}</span>
      </figcaption>
    </figure>
  );
}

function Share({ name, times, rows, isRest = false }: { name: string; times: number; rows: number; isRest?: boolean }) {
  const part = rows ? times / rows : 0;
  return (
    <li className={isRest ? "rest" : ""} title={`${name}: ${count(times)}`}>
      <span className="share-bar" style={{ width: `${Math.max(2, part * 100)}%` }} aria-hidden />
      <span className="ellipsis grow">{name}</span>
      <span>{part < 0.01 ? "<1" : Math.round(part * 100)}%</span>
    </li>
  );
}

function said(kind: Exclude<Histogram["kind"], "categories">, value: number | string): string {
  if (typeof value === "string") return value.replace("T", " ").replace(/(:\d\d)?(\.\d+)?\+00:00$/, " UTC");
  return (Math.abs(value) < 1e6 ? number(value) : brief(value)) + (kind === "lengths" ? " long" : kind === "sizes" ? " B" : "");
}
