/** What somebody named of what stands behind the `?`. */
export interface View {
  name: string;
  search: Record<string, string>;
}

/** Where preferences hold them. */
export const PLACE = "views_of_runs";

/** The views that preferences hold; what is none is left out, since any client may write there. */
export function viewsOf(preferences: Record<string, unknown>): View[] {
  const found = preferences[PLACE];
  if (!Array.isArray(found)) return [];
  return found.flatMap((one: unknown) => {
    const view = one as Partial<View> | null;
    if (typeof view?.name !== "string" || typeof view.search !== "object" || view.search === null) return [];
    const search = Object.fromEntries(Object.entries(view.search).filter(([, value]) => typeof value === "string"));
    return [{ name: view.name, search }];
  });
}
