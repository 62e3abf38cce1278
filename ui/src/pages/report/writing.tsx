import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { Bold, ChartLine, Heading, Image, Italic, List, Save, Table as TableIcon } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useDeferredValue, useRef, useState } from "react";
import { call, CallError } from "@/api/client";
import type { Report } from "@/api/reports";
import { tell } from "@/app/toasts";
import { useSaid } from "@/app/use-said";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { fetched } from "@/components/fetched";
import { Menu } from "@/components/menu";
import { Failed } from "@/components/states";
import { useIsNarrow } from "@/components/use-narrow";
import { useDraft } from "./draft";
import { type Kind, KINDS, writeEmbed } from "./embed";
import { keepPicture, picturesIn } from "./pictures";

const Text = fetched(() => import("./text"));
const TABLE = "| run | what |\n| --- | ---: |\n|  |  |";
const SHOWN: Record<Kind, string> = { scalars: "Curves", plot: "A plot", samples: "Samples", values: "Single values", table: "A table of runs" };

/** A report that is written: the text at the left, what it will look like at the right. */
export default function Writing({ report, onDone }: { report: Report; onDone: () => void }) {
  const client = useQueryClient();
  const [said, set] = useSaid();
  const isNarrow = useIsNarrow();
  const draft = useDraft(report);
  const shown = useDeferredValue(draft.text);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const added = useRef<string[]>([]);
  const [isDropping, setDropping] = useState(false);
  const save = useMutation({
    mutationFn: async (isDone: boolean) => {
      const assets = [...new Set([...(report.report_assets ?? []), ...added.current])];
      const { text, base, since: seen } = draft;
      const write = (since: string) => call("reports.update", { task: report.id, report: text, report_assets: assets, unchanged_since: since });
      const { fields } = await write(seen).catch(async (error: unknown) => {
        // Whoever gave it a tag just now has not written in it, and stands in nobody's way.
        const now = isRefused(error) ? (await call("reports.get_all_ex", { id: [report.id] })).tasks[0] : undefined;
        if (now === undefined || now.last_change === seen || (now.report ?? "") !== base) throw error;
        return write(now.last_change);
      });
      return { text, isDone, since: fields.last_change };
    },
    onSuccess: async ({ text, isDone, since }) => {
      client.setQueryData<{ tasks: Report[]; total: number }>(["report", report.id], { tasks: [{ ...report, report: text, last_change: since, report_assets: [...new Set([...(report.report_assets ?? []), ...added.current])] }], total: 1 });
      draft.saved(text, since);
      // Whoever wrote on while it was saved is not done.
      if (isDone && (area.current?.value ?? text) === text) onDone();
      await client.invalidateQueries({ queryKey: ["report", report.id] });
    },
    // Perhaps somebody was faster: what is there now says so.
    onError: (error) => (isRefused(error) ? client.invalidateQueries({ queryKey: ["report", report.id] }) : undefined),
  });
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => draft.isDirty && !save.isPending && (next.pathname !== current.pathname || (next.search as { edit?: string }).edit !== "1"),
    enableBeforeUnload: () => draft.isDirty,
    withResolver: true,
  });

  /** Put something where the cursor is, around what is chosen, as one step that the browser can undo. */
  function put(before: string, after = "", isBlock = false) {
    const host = area.current;
    if (host === null) return;
    host.focus();
    const { selectionStart: from, selectionEnd: to, value } = host;
    const inside = value.slice(from, to);
    const lead = isBlock && from > 0 && !value.slice(0, from).endsWith("\n\n") ? (value.slice(0, from).endsWith("\n") ? "\n" : "\n\n") : "";
    const made = `${lead}${before}${inside}${after}${isBlock ? "\n\n" : ""}`;
    if (!document.execCommand("insertText", false, made)) {
      host.setRangeText(made, from, to, "end");
      draft.write(host.value);
    }
    const start = from + lead.length + before.length;
    if (!isBlock) host.setSelectionRange(start, start + inside.length);
  }

  async function keep(files: File[]) {
    for (const file of files) {
      try {
        const address = await keepPicture(report.id, file);
        added.current.push(address);
        put(`![${file.name.replace(/\.\w+$/, "").replace(/[[\]]/g, "")}](${address})`, "", true);
      } catch (error) {
        tell(`${file.name} could not be kept: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  function onKey(event: KeyboardEvent) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "s") {
      if (draft.isDirty && draft.theirs === null && !save.isPending) save.mutate(false);
    } else if (key === "b") put("**", "**");
    else if (key === "i") put("*", "*");
    else return;
    event.preventDefault();
  }

  const pane = isNarrow ? (said.pane === "preview" ? "preview" : "text") : "both";
  return (
    <>
      {draft.theirs === null ? null : <Meanwhile theirs={draft.theirs} onKeep={draft.keepMine} onTake={draft.takeTheirs} />}
      {save.error && draft.theirs === null ? <Failed error={save.error} onRetry={() => save.mutate(false)} /> : null}
      <div className="row wrap">
        <Button look="strong" icon={<Save />} disabled={!draft.isDirty || save.isPending || draft.theirs !== null} onClick={() => save.mutate(false)}>
          Save
        </Button>
        <Button disabled={save.isPending || draft.theirs !== null} onClick={() => (draft.isDirty ? save.mutate(true) : onDone())}>
          {draft.isDirty ? "Save and close" : "Close"}
        </Button>
        <span className="small soft grow" role="status">
          {save.isPending ? "Saving" : draft.isDirty ? "Not saved yet" : "Saved"}
        </span>
        {isNarrow ? (
          <Button look="quiet" onClick={() => set({ pane: pane === "preview" ? undefined : "preview" })}>
            {pane === "preview" ? "Text" : "Preview"}
          </Button>
        ) : null}
      </div>
      <div className={`writing ${isDropping ? "dropping" : ""} ${isNarrow ? "alone" : ""}`}>
        {pane === "preview" ? null : (
          <section className="panel" aria-label="Text">
            <div className="row wrap writing-tools" role="toolbar" aria-label="Put in">
              <Button look="quiet" icon={<Heading />} label="Heading" onClick={() => put("## ")} />
              <Button look="quiet" icon={<Bold />} label="Bold (Ctrl+B)" onClick={() => put("**", "**")} />
              <Button look="quiet" icon={<Italic />} label="Italic (Ctrl+I)" onClick={() => put("*", "*")} />
              <Button look="quiet" icon={<List />} label="List" onClick={() => put("- ")} />
              <Button look="quiet" icon={<TableIcon />} label="Table" onClick={() => put(TABLE, "", true)} />
              <Button look="quiet" icon={<Image />} label="Picture" onClick={() => picker.current?.click()} />
              <Menu
                button={
                  <Button look="quiet" icon={<ChartLine />}>
                    Of runs
                  </Button>
                }
                choices={KINDS.map((kind) => ({ label: SHOWN[kind], onChoose: () => setTimeout(() => put(template(kind), "", true)) }))}
              />
              <input ref={picker} type="file" accept="image/*" multiple hidden onChange={(event) => (void keep([...(event.target.files ?? [])]), (event.target.value = ""))} />
            </div>
            <textarea
              ref={area}
              aria-label="Text of the report, in Markdown"
              spellCheck
              value={draft.text}
              onChange={(event) => draft.write(event.target.value)}
              onKeyDown={onKey}
              onPaste={(event) => {
                const pictures = picturesIn(event.clipboardData);
                if (!pictures.length) return;
                event.preventDefault();
                void keep(pictures);
              }}
              onDragOver={(event) => (event.dataTransfer.types.includes("Files") ? (event.preventDefault(), setDropping(true)) : undefined)}
              onDragLeave={() => setDropping(false)}
              onDrop={(event) => {
                setDropping(false);
                if (!event.dataTransfer.types.includes("Files")) return;
                event.preventDefault();
                void keep(picturesIn(event.dataTransfer));
              }}
            />
          </section>
        )}
        {pane === "text" ? null : (
          <section className="panel" aria-labelledby="preview">
            <h2 id="preview" className="writing-title small soft">
              Preview
            </h2>
            <div className="writing-preview" tabIndex={0} role="group" aria-label="Preview of the report">
              <Text>{shown}</Text>
            </div>
          </section>
        )}
      </div>
      {leaving.status === "blocked" ? (
        <Dialog title="Leave without saving?" onClose={() => leaving.reset()}>
          <div className="stack">
            <p>What you wrote is not saved. Until this window is closed, it is still here when you come back to write on.</p>
            <div className="row wrap">
              <Button look="strong" onClick={() => leaving.reset()}>
                Stay
              </Button>
              <Button look="danger" onClick={() => leaving.proceed()}>
                Leave
              </Button>
            </div>
          </div>
        </Dialog>
      ) : null}
    </>
  );
}

function isRefused(error: unknown): boolean {
  return error instanceof CallError && error.status === 400;
}

/** Somebody else has saved the report since this text was begun: nothing is lost, and one of the two is chosen. */
function Meanwhile({ theirs, onKeep, onTake }: { theirs: string; onKeep: () => void; onTake: () => void }): ReactNode {
  return (
    <section className="panel pad stack said-meanwhile" role="alert">
      <p>
        <strong>Somebody else has saved this report while you were writing.</strong> Nothing is lost: your text stands below, and theirs is what others see.
      </p>
      <details>
        <summary>Their text</summary>
        <pre tabIndex={0}>{theirs}</pre>
      </details>
      <div className="row wrap">
        <Button onClick={onKeep}>Keep mine, to save it over theirs</Button>
        <Button look="danger" onClick={onTake}>
          Take theirs, and drop mine
        </Button>
      </div>
    </section>
  );
}

/** A block to fill in. */
function template(kind: Kind): string {
  if (kind === "table") return writeEmbed({ show: kind, project: "the name of a project", last: 10 });
  const run = ["the id of a run"];
  return kind === "values" ? writeEmbed({ show: kind, runs: run }) : writeEmbed({ show: kind, runs: run, metric: "the name of a metric" });
}
