import { Plus } from "lucide-react";
import { useState } from "react";
import type { Version } from "@/api/datasets";
import { Button } from "@/components/button";
import { useUpdate } from "./use-update";

/** The tags of a version, to add to and to take away from. */
export function TagsOf({ version }: { version: Version }) {
  const [text, setText] = useState("");
  const update = useUpdate(version);
  const tag = text.trim();
  return (
    <span className="row wrap">
      {version.tags.map((one) => (
        <button key={one} type="button" className="tag removable" aria-label={`Remove the tag ${one}`} onClick={() => update.mutate({ remove_tags: [one] })}>
          {one} ×
        </button>
      ))}
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (tag) update.mutate({ add_tags: [tag] }, { onSuccess: () => setText((now) => (now.trim() === tag ? "" : now)) });
        }}
      >
        <input className="input quiet new-tag" aria-label="A new tag" placeholder="new tag" value={text} onChange={(event) => setText(event.target.value)} />
        <Button type="submit" look="quiet" icon={<Plus />} label="Add the tag" disabled={!tag || update.isPending} />
      </form>
      {update.error ? (
        <span className="bad" role="alert">
          {update.error.message}
        </span>
      ) : null}
    </span>
  );
}
