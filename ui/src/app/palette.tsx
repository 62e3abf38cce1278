import { useQuery } from "@tanstack/react-query";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Boxes, Clock, Copy, Database, FileText, FlaskConical, FolderTree, Keyboard, Link2, ListOrdered, LogOut, Moon, Plus, Search, Sun, SunMoon, Workflow } from "lucide-react";
import { Dialog } from "radix-ui";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useState } from "react";
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

/** One line of the palette, and what it leads to. */
interface Line {
  value: string;
  icon: ReactNode;
  label: string;
  note?: string | undefined;
  keys?: string[];
  choose: () => void;
}

/** Search over everything, the way to every place, and what can be done here: all from the keyboard. */
export function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const [text, setText] = useState("");
  const typed = text.trim();
  const asked = useSlow(typed, 150);
  const navigate = useNavigate();
  const actions = useActions(onClose, onHelp);
  const lately = useMemo(recent, []);
  const found = useQuery({ queryKey: ["search", asked], enabled: asked.length > 1, queryFn: ({ signal }) => lookFor(asked, signal) });
  const isLooking = typed.length > 1 && (asked !== typed || found.isPending);
  const wanted = typed.toLowerCase();
  const fits = (label: string) => wanted.split(/\s+/).every((word) => label.toLowerCase().includes(word));
  function go(to: string, search: Record<string, string> = {}) {
    onClose();
    void navigate({ to, search });
  }
  const results = asked.length > 1 && wanted ? (found.data ?? []) : [];
  const kinds = [...new Set(results.map(({ kind }) => kind))];
  const seen = lately.filter(({ label }) => fits(label)).slice(0, wanted ? 4 : 6);
  const groups: { heading: string; lines: Line[] }[] = [
    ...kinds.map((kind) => ({
      heading: kind,
      lines: results.filter((one) => one.kind === kind).map(({ id, label, note, to, search }) => ({ value: id, icon: ICONS[kind], label, note, choose: () => go(to, search) })),
    })),
    { heading: "Seen lately", lines: seen.map(({ path, label }) => ({ value: `lately ${path}`, icon: <Clock aria-hidden />, label, note: path.split("/")[1], choose: () => go(path) })) },
    { heading: "Do", lines: actions.filter(({ label }) => fits(label)).map(({ key, label, icon, run }) => ({ value: `do ${key}`, icon, label, choose: () => (onClose(), run()) })) },
    { heading: "Go to", lines: PLACES.filter(({ label }) => fits(`go to ${label}`)).map(({ to, label, icon, key }) => ({ value: `to ${to}`, icon, label, keys: ["g", key], choose: () => go(to) })) },
  ].filter(({ lines }) => lines.length);
  const lines = groups.flatMap((group) => group.lines);
  // What Enter chooses is always in the list: what was chosen may have left it while another text was typed.
  const [pointed, setPointed] = useState("");
  const current = lines.find(({ value }) => value === pointed) ?? lines[0];
  // Whoever types and presses Enter at once means what is typed, not what a shorter text found: Enter waits for the answer then.
  const [hasEntered, setHasEntered] = useState(false);
  function enter(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.nativeEvent.isComposing || !isLooking || (current && !results.some(({ id }) => id === current.value))) return;
    event.preventDefault();
    setHasEntered(true);
  }
  useEffect(() => {
    if (!hasEntered || isLooking) return;
    setHasEntered(false);
    current?.choose();
  });
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? null : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-veil" />
        <Dialog.Content className="palette" aria-describedby={undefined} onCloseAutoFocus={focusThePage}>
          <Dialog.Title className="visually-hidden">Search everything</Dialog.Title>
          <Command shouldFilter={false} label="Search everything" loop value={current?.value ?? ""} onValueChange={setPointed} onKeyDown={enter}>
            <div className="palette-line">
              <Search size={17} aria-hidden />
              <Command.Input value={text} onValueChange={(next) => (setText(next), setHasEntered(false))} placeholder="Find anything, go anywhere, do something" />
              <kbd>Esc</kbd>
            </div>
            <Command.List>
              <Command.Empty>{isLooking ? "Looking." : typed.length > 1 ? `Nothing is called “${typed}”.` : "Nothing here is called so."}</Command.Empty>
              {groups.map((group) => (
                <Command.Group key={group.heading} heading={group.heading}>
                  {group.lines.map(({ value, icon, label, note, keys, choose }) => (
                    <Command.Item key={value} value={value} onSelect={choose}>
                      {icon}
                      <span className="ellipsis">{label}</span>
                      <span className="palette-note faint small ellipsis">{keys ? keys.map((key) => <kbd key={key}>{key}</kbd>) : note}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              ))}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
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
