import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { FolderUp } from "lucide-react";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { call } from "@/api/client";
import type { Version } from "@/api/datasets";
import type { Search } from "@/app/router";
import { Button } from "@/components/button";
import { Field } from "@/components/field";
import { bytes, count } from "@/components/format";
import { Found } from "@/components/states";
import { type Chosen, ofDrop, ofInput } from "./dataset/upload/files";
import { type Progress, sendAll } from "./dataset/upload/sending";
import "./dataset-new.css";

/** A new dataset, a new version of one, or one that was begun: a folder goes into it. */
export function Page() {
  const said = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const first = useRef(said);
  const [begun, setBegun] = useState<string>();
  // A version that this page began stands in the address, so that a reload goes on with it; the page itself stays as it is.
  const search = begun !== undefined && said.draft === begun ? first.current : said;
  const onBegun = (id: string) => {
    setBegun(id);
    void navigate({ to: ".", search: { draft: id }, replace: true });
  };
  const of = search.draft ?? search.parent;
  const found = useQuery({
    queryKey: ["version", of ?? ""],
    enabled: of !== undefined,
    queryFn: ({ signal }) => call("versions.get", { id: of ?? "" }, signal),
  });
  return (
    <div className="page">
      {of === undefined ? (
        <>
          <h1>New dataset</h1>
          <Upload onBegun={onBegun} />
        </>
      ) : (
        <Found query={found}>
          {(version) =>
            search.draft ? (
              <>
                <h1>
                  Files for {version.name} {version.version}
                </h1>
                <Upload draft={version} onBegun={onBegun} />
              </>
            ) : (
              <>
                <h1>New version of {version.name}</h1>
                <p className="soft">Files of {version.version} stay; those with the same path are replaced.</p>
                <Upload parent={version} onBegun={onBegun} />
              </>
            )
          }
        </Found>
      )}
    </div>
  );
}

type State = { at: "waiting" } | { at: "sending"; progress: Progress | null } | { at: "finishing" } | { at: "failed"; message: string };

function Upload({ parent, draft, onBegun }: { parent?: Version; draft?: Version; onBegun: (id: string) => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const known = draft ?? parent;
  const [name, setName] = useState(known?.name ?? "");
  const [project, setProject] = useState(known?.project ?? "");
  const [files, setFiles] = useState<Chosen[]>([]);
  const [state, setState] = useState<State>({ at: "waiting" });
  const begun = useRef<string | undefined>(draft?.id);
  const stopping = useRef<AbortController | null>(null);
  const isBusy = state.at === "sending" || state.at === "finishing";
  useEffect(() => () => stopping.current?.abort(), []);
  useEffect(() => {
    if (!isBusy) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isBusy]);

  async function start() {
    const stop = new AbortController();
    stopping.current = stop;
    setState({ at: "sending", progress: null });
    try {
      if (begun.current === undefined) {
        begun.current = (await call("contents.begin", { name: name.trim(), project: project.trim() || null, parents: parent ? [parent.id] : [] })).version.id;
        onBegun(begun.current);
      }
      const id = begun.current;
      await sendAll(id, files, (progress) => setState({ at: "sending", progress }), stop.signal);
      setState({ at: "finishing" });
      await call("contents.finish", { version: id });
      await client.invalidateQueries({ predicate: ({ queryKey: [what, one] }) => what === "versions" || one === id });
      void navigate({ to: "/datasets/$id", params: { id }, search: { tab: "contents" } });
    } catch (error) {
      if (stop.signal.aborted) setState({ at: "failed", message: "Stopped. What has arrived is kept." });
      else setState({ at: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  }

  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <form
      className="stack new-dataset"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      {known ? null : (
        <div className="row wrap names">
          <Field label="Name" required value={name} disabled={begun.current !== undefined} onChange={(event) => setName(event.target.value)} className="grow" />
          <Field label="Project" placeholder="Team/Pets" value={project} disabled={begun.current !== undefined} onChange={(event) => setProject(event.target.value)} className="grow" />
        </div>
      )}
      <Drop files={files} total={total} disabled={isBusy} onFiles={setFiles} onProblem={(message) => setState({ at: "failed", message })} />
      {state.at === "sending" ? <Bar progress={state.progress} /> : null}
      {state.at === "finishing" ? (
        <p className="soft" role="status">
          Everything has arrived; the version becomes final.
        </p>
      ) : null}
      {state.at === "failed" ? (
        <div role="alert" className="panel pad stack tight">
          <p className="bad">{state.message}</p>
          {begun.current ? (
            <p className="soft small">
              The version waits for the rest. Go on now, or open this address on another day and choose the same folder:{" "}
              <Link to="/datasets/new" search={{ draft: begun.current }} className="link">
                the begun version
              </Link>
            </p>
          ) : null}
        </div>
      ) : null}
      <div className="row">
        {isBusy ? (
          <Button disabled={state.at === "finishing"} onClick={() => stopping.current?.abort()}>
            Stop
          </Button>
        ) : (
          <Button type="submit" look="strong" icon={<FolderUp />} disabled={!files.length || !name.trim()}>
            {begun.current ? "Go on" : "Upload"}
          </Button>
        )}
      </div>
    </form>
  );
}

interface DropProps {
  files: Chosen[];
  total: number;
  disabled: boolean;
  onFiles: (files: Chosen[]) => void;
  onProblem: (message: string) => void;
}

function Drop({ files, total, disabled, onFiles, onProblem }: DropProps) {
  const [isOver, setOver] = useState(false);
  async function onDrop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    if (disabled) return;
    try {
      onFiles(await ofDrop(event.dataTransfer.items));
    } catch (error) {
      onProblem(`The folder can't be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return (
    <div
      className={`drop ${isOver ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => void onDrop(event)}
    >
      <FolderUp size={28} aria-hidden />
      <p role="status">
        {files.length ? (
          <strong>
            {count(files.length)} {files.length === 1 ? "file" : "files"}, {bytes(total)}
          </strong>
        ) : (
          "Drag a folder here, or choose one."
        )}
      </p>
      <label className="row wrap">
        <span className="visually-hidden">Choose a folder</span>
        <input
          type="file"
          multiple
          disabled={disabled}
          ref={(input) => input?.setAttribute("webkitdirectory", "")}
          onChange={(event) => {
            if (event.target.files?.length) onFiles(ofInput(event.target.files));
          }}
        />
      </label>
    </div>
  );
}

function Bar({ progress }: { progress: Progress | null }) {
  return (
    <div className="stack tight">
      <progress aria-label="Sent" max={1} value={progress && progress.allBytes ? progress.bytes / progress.allBytes : 0} />
      <span className="small soft">
        {progress ? `${count(progress.files)} of ${count(progress.allFiles)} files, ${bytes(progress.bytes)} of ${bytes(progress.allBytes)}` : "Looking at what is there already"}
      </span>
    </div>
  );
}
