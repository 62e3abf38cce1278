import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Bookmark, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { call } from "@/api/client";
import type { Search } from "@/app/router";
import { tell } from "@/app/toasts";
import { Button } from "@/components/button";
import { Field } from "@/components/field";
import { PopUp } from "@/components/pop-up";
import { Found } from "@/components/states";
import { PLACE, type View, viewsOf } from "./kept-views";

/** Views that the reader named: kept by the server, so that they are there on every machine. */
export function Views({ search, onOpen }: { search: Search; onOpen: (search: Search) => void }) {
  const [open, setOpen] = useState(false);
  const client = useQueryClient();
  const key = ["me", "preferences"];
  const query = useQuery({ queryKey: key, enabled: open, queryFn: async ({ signal }) => viewsOf((await call("users.get_preferences", {}, signal)).preferences) });
  const keep = useMutation({
    mutationFn: (views: View[]) => call("users.set_preferences", { preferences: { [PLACE]: views } }),
    onMutate: async (views) => {
      await client.cancelQueries({ queryKey: key }); // what is on its way was asked before
      client.setQueryData(key, views);
    },
    onError: (error) => tell(`The views could not be kept: ${error.message}`),
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  });
  const now = Object.fromEntries(Object.entries(search).filter((entry): entry is [string, string] => Boolean(entry[1])));

  function onKeep(event: FormEvent<HTMLFormElement>, views: View[]) {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name")).trim();
    if (!name) return;
    keep.mutate([...views.filter((view) => view.name !== name), { name, search: now }]);
    event.currentTarget.reset();
  }
  return (
    <PopUp button={<Button icon={<Bookmark />}>Views</Button>} label="Views" onOpen={setOpen}>
      {(close) => (
        <Found query={query}>
          {(views) => (
            <>
              {views.length ? (
                <ul className="views" aria-label="Kept views">
                  {views.map((view) => (
                    <li key={view.name} className="row">
                      <button
                        type="button"
                        className="menu-item grow ellipsis"
                        onClick={() => {
                          onOpen(view.search);
                          close();
                        }}
                      >
                        <span className="ellipsis">{view.name}</span>
                      </button>
                      <Button look="quiet" icon={<Trash2 />} label={`Forget ${view.name}`} onClick={() => keep.mutate(views.filter((one) => one !== view))} />
                    </li>
                  ))}
                </ul>
              ) : (
                <p className="soft small filter-form">A view is the filters, columns and order of this table under a name.</p>
              )}
              <form className="stack filter-form" onSubmit={(event) => onKeep(event, views)}>
                <Field label="Name of this view" name="name" maxLength={100} required autoComplete="off" />
                <Button look="strong" type="submit">
                  Keep it
                </Button>
              </form>
            </>
          )}
        </Found>
      )}
    </PopUp>
  );
}
