import { useEffect, useState } from "react";
import type { Report } from "@/api/reports";

interface Draft {
  text: string;
  /** What the text was made from, and when that was written. */
  base: string;
  since: string;
}

/** The text of a report while it is written. It outlives the page, and notices when somebody else has saved another one. */
export function useDraft(report: Report) {
  const now = report.report ?? "";
  const place = `report ${report.id}`;
  const [draft, setDraft] = useState<Draft>(() => kept(place) ?? { text: now, base: now, since: report.last_change });
  const isDirty = draft.text !== draft.base;
  const isOther = now !== draft.base;
  useEffect(() => {
    // Nothing was written yet: what others saved is what is written on.
    if (!isDirty && (isOther || draft.since !== report.last_change)) setDraft({ text: now, base: now, since: report.last_change });
    // Others have changed its name or tags, or have written the same.
    else if (!isOther && draft.since !== report.last_change) setDraft((before) => ({ ...before, since: report.last_change }));
    else if (isDirty && draft.text === now) setDraft({ text: now, base: now, since: report.last_change });
  }, [isDirty, isOther, now, report.last_change, draft.since, draft.text]);
  useEffect(() => {
    try {
      if (isDirty) sessionStorage.setItem(place, JSON.stringify(draft));
      else sessionStorage.removeItem(place);
    } catch {
      // A browser without room keeps nothing; the text is on the page.
    }
  }, [place, draft, isDirty]);
  return {
    ...draft,
    isDirty,
    /** What somebody else has saved since, while this was written; null if nobody has. */
    theirs: isDirty && isOther ? now : null,
    write: (text: string) => setDraft((before) => ({ ...before, text })),
    saved: (text: string, since: string) => setDraft((before) => ({ text: before.text, base: text, since })),
    keepMine: () => setDraft((before) => ({ ...before, base: now, since: report.last_change })),
    takeTheirs: () => setDraft({ text: now, base: now, since: report.last_change }),
  };
}

function kept(place: string): Draft | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(place) ?? "null") as Draft | null;
    return found !== null && [found.text, found.base, found.since].every((part) => typeof part === "string") ? found : null;
  } catch {
    return null;
  }
}
