/** Charts of one group show the same place: where the pointer is in one of them. */
type Listener = (place: number | null) => void;

const groups = new Map<string, Set<Listener>>();

/** Hear of the places that other charts of the group point at. */
export function listen(group: string, listener: Listener): () => void {
  const all = groups.get(group) ?? new Set();
  groups.set(group, all.add(listener));
  return () => {
    all.delete(listener);
    if (!all.size) groups.delete(group);
  };
}

/** Tell the other charts of the group. */
export function pointAt(group: string, place: number | null, self: Listener): void {
  for (const listener of groups.get(group) ?? []) if (listener !== self) listener(place);
}
