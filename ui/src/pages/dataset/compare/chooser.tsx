import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "@/api/client";
import { TimeAgo } from "@/components/bits";
import { Dialog } from "@/components/dialog";
import { Named } from "@/components/line";
import { Found } from "@/components/states";
import { useSlow } from "@/components/use-slow";

/** Any version of any dataset, found by a part of its name. */
export function Chooser({ onChoose, onClose }: { onChoose: (id: string) => void; onClose: () => void }) {
  const [text, setText] = useState("");
  const asked = useSlow(text.trim());
  const found = useQuery({
    queryKey: ["versions", "search", asked],
    queryFn: ({ signal }) => call("versions.search", { name: asked || null, page_size: 30 }, signal),
    placeholderData: (before) => before, // what is about to be clicked stays where it is
  });
  return (
    <Dialog title="Compare with" onClose={onClose}>
      <div className="stack">
        <input className="input" type="search" aria-label="Name of a dataset" placeholder="Name of a dataset" autoFocus value={text} onChange={(event) => setText(event.target.value)} />
        <Found query={found}>
          {({ versions }) =>
            versions.length ? (
              <ul className="lines chooser">
                {versions.map((version) => (
                  <li key={version.id}>
                    <button type="button" className="line" onClick={() => onChoose(version.id)}>
                      <Named name={`${version.name} ${version.version}`} below={version.project} />
                      <span className="soft small">
                        <TimeAgo at={version.created} />
                      </span>
                    </button>
                  </li>
                ))}
              </ul>
            ) : (
              <p className="soft">No dataset is called like that.</p>
            )
          }
        </Found>
      </div>
    </Dialog>
  );
}
