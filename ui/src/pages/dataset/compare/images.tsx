import { useState } from "react";
import { contentUrl, Picture } from "../pictures";

interface Side {
  version: string;
  path: string;
}

/** Two pictures: beside each other, or one above the other with an edge that is moved between them, or mixed. */
export function Images({ before, after }: { before: Side; after: Side }) {
  const [look, setLook] = useState<"beside" | "edge" | "mixed">("beside");
  const [part, setPart] = useState(50);
  return (
    <div className="stack">
      <div className="row wrap" role="radiogroup" aria-label="How the pictures are compared">
        {(["beside", "edge", "mixed"] as const).map((one) => (
          <label key={one} className="row radio">
            <input type="radio" name="look" checked={look === one} onChange={() => setLook(one)} />
            {one === "beside" ? "Side by side" : one === "edge" ? "Slider" : "Mixed"}
          </label>
        ))}
      </div>
      {look === "beside" ? (
        <div className="side-by-side">
          {[
            { title: "Before", ...before },
            { title: "After", ...after },
          ].map(({ title, version, path }) => (
            <figure key={title} className="stack tight">
              <figcaption className="strong">{title}</figcaption>
              <div className="half">
                <Picture version={version} path={path} isWhole />
              </div>
            </figure>
          ))}
        </div>
      ) : (
        <>
          <div className="overlaid">
            <img src={contentUrl(before.version, before.path)} alt={`Before: ${before.path}`} />
            <img src={contentUrl(after.version, after.path)} alt={`After: ${after.path}`} style={look === "edge" ? { clipPath: `inset(0 0 0 ${part}%)` } : { opacity: part / 100 }} />
            {look === "edge" ? <span className="overlaid-edge" style={{ left: `${part}%` }} aria-hidden /> : null}
          </div>
          <input type="range" min={0} max={100} value={part} aria-label={look === "edge" ? "Where the edge is" : "How much of the picture after"} onChange={(event) => setPart(Number(event.target.value))} />
        </>
      )}
    </div>
  );
}
