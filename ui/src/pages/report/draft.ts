import { useEffect, useState } from "react";
import type { Report } from "@/api/reports";

interface Draft {
  text: string;
  /** What the text was made from, and when that was written. */
  base: string;
  since: string;
  /** When what was saved over was written: until the page knows better, the report that it shows is that older one. */
  over?: string;
}

/** The text of a report while it is written. It outlives the page, and notices when somebody else has saved another one. */
export function useDraft(report: Report) {
  const place = `report ${report.id}`;
  const [draft, setDraft] = useState<Draft>(() => kept(place) ?? { text: report.report ?? "", base: report.report ?? "", since: report.last_change });
  const isOld = draft.over === report.last_change;
  const now = isOld ? draft.base : (report.report ?? "");
  const at = isOld ? draft.since : report.last_change;
  const isDirty = draft.text !== draft.base;
  const isOther = now !== draft.base;
  useEffect(() => {
    // What was written since this was drawn comes first.
    setDraft((before) => {
      if (before.over === report.last_change || (before.since === at && before.base === now)) return before;
      // Nothing was written yet: what others saved is what is written on. Or they have written the same.
      if (before.text === before.base || before.text === now) return { text: now, base: now, since: at };
      // Others have changed its name or tags.
      return before.base === now ? { ...before, since: at } : before;
    });
  }, [now, at, report.last_change, draft]);
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
    since: isOther ? draft.since : at,
    isDirty,
    /** What somebody else has saved since, while this was written; null if nobody has. */
    theirs: isDirty && isOther ? now : null,
    write: (text: string) => setDraft((before) => ({ ...before, text })),
    saved: (text: string, since: string) => setDraft((before) => ({ text: before.text, base: text, since, over: report.last_change })),
    keepMine: () => setDraft((before) => ({ ...before, base: now, since: at })),
    takeTheirs: () => setDraft({ text: now, base: now, since: at }),
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
