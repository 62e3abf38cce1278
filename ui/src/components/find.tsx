/** A field for what is looked for. `set` is given nothing once it is empty. */
export function Find({ what, hint, said, set }: { what: string; hint: string; said: string | undefined; set: (text: string | undefined) => void }) {
  return <input className="input quiet find" type="search" placeholder={hint} aria-label={`Find ${what}`} value={said ?? ""} onChange={(event) => set(event.target.value || undefined)} />;
}
