import { useQuery } from "@tanstack/react-query";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Boxes, Clock, Copy, Database, FileText, FlaskConical, FolderTree, Keyboard, Link2, ListOrdered, LogOut, Moon, Plus, Search, Sun, SunMoon, Workflow } from "lucide-react";
import { Dialog } from "radix-ui";
import { type ReactNode, useMemo, useState } from "react";
import { write } from "@/components/copy";
import { focusThePage } from "@/components/focus";
import { useSlow } from "@/components/use-slow";
import { type Action, useOffered } from "./actions";
import { PLACES } from "./places";
import { recent } from "./recent";
import { type Found, lookFor } from "./search";
import { useSignOut } from "./session";
import { setTheme } from "./theme";
import { tell } from "./toasts";
import "@/components/dialog.css";
import "./palette.css";

const ICONS: Record<Found["kind"], ReactNode> = {
  Experiments: <FlaskConical aria-hidden />,
  Datasets: <Database aria-hidden />,
  Projects: <FolderTree aria-hidden />,
  Models: <Boxes aria-hidden />,
  Pipelines: <Workflow aria-hidden />,
  Reports: <FileText aria-hidden />,
  Queues: <ListOrdered aria-hidden />,
};

/** Search over everything, the way to every place, and what can be done here: all from the keyboard. */
export function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const [text, setText] = useState("");
  const asked = useSlow(text.trim(), 150);
  const navigate = useNavigate();
  const actions = useActions(onClose, onHelp);
  const lately = useMemo(recent, []);
  const found = useQuery({ queryKey: ["search", asked], enabled: asked.length > 1, queryFn: ({ signal }) => lookFor(asked, signal) });
  const wanted = text.trim().toLowerCase();
  const fits = (label: string) => wanted.split(/\s+/).every((word) => label.toLowerCase().includes(word));
  const results = asked.length > 1 && wanted ? (found.data ?? []) : [];
  const kinds = [...new Set(results.map(({ kind }) => kind))];
  const seen = lately.filter(({ label }) => fits(label)).slice(0, wanted ? 4 : 6);
  const doing = actions.filter(({ label }) => fits(label));
  const places = PLACES.filter(({ label }) => fits(`go to ${label}`));
  // What Enter chooses is always in the list: what was chosen may have left it while another text was typed.
  const lines = [...kinds.flatMap((kind) => results.filter((one) => one.kind === kind).map(({ id }) => id)), ...seen.map(({ path }) => `lately ${path}`), ...doing.map(({ key }) => `do ${key}`), ...places.map(({ to }) => `to ${to}`)];
  const [pointed, setPointed] = useState("");
  const current = lines.includes(pointed) ? pointed : (lines[0] ?? "");
  function go(to: string, search: Record<string, string> = {}) {
    onClose();
    void navigate({ to, search });
  }
  const state = asked.length < 2 ? "" : found.isFetching ? "Looking." : `Nothing is called “${asked}”.`;
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? null : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-veil" />
        <Dialog.Content className="palette" aria-describedby={undefined} onCloseAutoFocus={focusThePage}>
          <Dialog.Title className="visually-hidden">Search everything</Dialog.Title>
          <Command shouldFilter={false} label="Search everything" loop value={current} onValueChange={setPointed}>
            <div className="palette-line">
              <Search size={17} aria-hidden />
              <Command.Input value={text} onValueChange={setText} placeholder="Find anything, go anywhere, do something" />
              <kbd>Esc</kbd>
            </div>
            <Command.List>
              <Command.Empty>{state || "Nothing here is called so."}</Command.Empty>
              {kinds.map((kind) => (
                <Command.Group key={kind} heading={kind}>
                  {results
                    .filter((one) => one.kind === kind)
                    .map((one) => (
                      <Line key={one.id} value={one.id} icon={ICONS[kind]} label={one.label} note={one.note} onChoose={() => go(one.to, one.search)} />
                    ))}
                </Command.Group>
              ))}
              <Group heading="Seen lately" of={seen}>
                {({ path, label }) => <Line key={path} value={`lately ${path}`} icon={<Clock aria-hidden />} label={label} note={path.split("/")[1]} onChoose={() => go(path)} />}
              </Group>
              <Group heading="Do" of={doing}>
                {({ key, label, icon, run }) => <Line key={key} value={`do ${key}`} icon={icon} label={label} onChoose={() => (onClose(), run())} />}
              </Group>
              <Group heading="Go to" of={places}>
                {({ to, label, icon, key }) => <Line key={to} value={`to ${to}`} icon={icon} label={label} keys={["g", key]} onChoose={() => go(to)} />}
              </Group>
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Group<One>({ heading, of, children }: { heading: string; of: readonly One[]; children: (one: One) => ReactNode }) {
  return of.length ? <Command.Group heading={heading}>{of.map(children)}</Command.Group> : null;
}

function Line({ value, icon, label, note, keys, onChoose }: { value: string; icon: ReactNode; label: string; note?: string | undefined; keys?: string[]; onChoose: () => void }) {
  return (
    <Command.Item value={value} onSelect={onChoose}>
      {icon}
      <span className="ellipsis">{label}</span>
      <span className="palette-note faint small ellipsis">{keys ? keys.map((key) => <kbd key={key}>{key}</kbd>) : note}</span>
    </Command.Item>
  );
}

/** What the page in view offers, and what can be done from anywhere. */
function useActions(onClose: () => void, onHelp: () => void): Action[] {
  const offered = useOffered();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const id = /^\/\w+\/([0-9a-f]{32})$/.exec(path)?.[1];
  async function copy(what: string, said: string) {
    await write(what);
    tell(said);
  }
  return [
    ...offered,
    ...(id ? [{ key: "id", label: "Copy the id", icon: <Copy aria-hidden />, run: () => void copy(id, "The id is copied.") }] : []),
    { key: "address", label: "Copy the address of this view", icon: <Link2 aria-hidden />, run: () => void copy(location.href, "The address is copied.") },
    { key: "dataset", label: "New dataset", icon: <Plus aria-hidden />, run: () => void navigate({ to: "/datasets/new", search: {} }) },
    { key: "light", label: "Light theme", icon: <Sun aria-hidden />, run: () => setTheme("light") },
    { key: "dark", label: "Dark theme", icon: <Moon aria-hidden />, run: () => setTheme("dark") },
    { key: "system", label: "Theme of the system", icon: <SunMoon aria-hidden />, run: () => setTheme("system") },
    { key: "keys", label: "Show the keys", icon: <Keyboard aria-hidden />, run: () => (onClose(), onHelp()) },
    { key: "out", label: "Sign out", icon: <LogOut aria-hidden />, run: () => void signOut() },
  ];
}
