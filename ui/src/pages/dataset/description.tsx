import { Pencil } from "lucide-react";
import { useState } from "react";
import type { Version } from "@/api/datasets";
import { Button } from "@/components/button";
import { Prose } from "@/components/prose";
import { useUpdate } from "./use-update";

/** What people say about a version; it can be changed at any time, since it is no content. */
export function Description({ version }: { version: Version }) {
  const [text, setText] = useState<string | null>(null);
  const update = useUpdate(version);
  return (
    <>
      <div className="row section-head">
        <h2 id="description" className="grow">
          Description
        </h2>
        {text === null ? <Button look="quiet" icon={<Pencil />} label="Edit the description" onClick={() => setText(version.description)} /> : null}
      </div>
      {text === null ? (
        <div className="pad said">{version.description ? <Prose>{version.description}</Prose> : <p className="faint">Nobody has described this version yet.</p>}</div>
      ) : (
        <form
          className="stack pad"
          onSubmit={(event) => {
            event.preventDefault();
            update.mutate({ description: text }, { onSuccess: () => setText((now) => (now === text ? null : now)) });
          }}
        >
          <textarea className="input" rows={6} aria-label="Description" autoFocus value={text} onChange={(event) => setText(event.target.value)} />
          {update.error ? (
            <p className="bad" role="alert">
              {update.error.message}
            </p>
          ) : null}
          <div className="row">
            <Button type="submit" look="strong" disabled={update.isPending}>
              Save
            </Button>
            <Button look="quiet" onClick={() => setText(null)}>
              Cancel
            </Button>
          </div>
        </form>
      )}
    </>
  );
}
