import type { Status } from "@/api/types";
import { WORDS } from "@/components/bits";
import "./pipeline.css";

/** How the last runs went, the newest at the right. */
export function Recent({ runs }: { runs: { id: string; status: Status }[] }) {
  const shown = [...runs].reverse();
  return (
    <span className="recent" role="img" aria-label={`The last runs, the newest at the end: ${shown.map(({ status }) => WORDS[status][0]).join(", ")}`}>
      {shown.map(({ id, status }) => (
        <span key={id} className={`recent-run ${WORDS[status][1]}`} title={WORDS[status][0]} />
      ))}
    </span>
  );
}
