import type { Tint } from "./tinted";

/** What the colours of runs say. */
export function TintLegend({ tint, name }: { tint: Tint; name: string }) {
  if (!tint.legend.length) return null;
  return (
    <ul className="row wrap small tint-legend" aria-label={`Colours by ${name}`}>
      <li className="soft">{name}</li>
      {tint.legend.map(({ label, colour }) => (
        <li key={label} className="row">
          <span className="swatch" style={{ background: colour }} aria-hidden />
          {label}
        </li>
      ))}
    </ul>
  );
}
