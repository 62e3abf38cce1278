/** What could not be drawn, in its own frame. */
export function Broken({ why }: { why: string }) {
  return (
    <p className="state soft" role="status">
      This figure can't be drawn: {why}.
    </p>
  );
}
