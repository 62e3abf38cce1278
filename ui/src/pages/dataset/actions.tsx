import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, BadgeCheck, Ellipsis, FolderInput, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import type { LineageNode, Version } from "@/api/datasets";
import { leaving } from "@/app/live";
import { tell } from "@/app/toasts";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Form, Sure } from "@/components/form";
import { bytes, count } from "@/components/format";
import { type Choice, Menu } from "@/components/menu";
import { Failed, Found } from "@/components/states";

type Asked = "publish" | "rename" | "move" | "delete" | "delete-all";

/** What can be done with a version, and with its dataset. */
export function Actions({ version }: { version: Version }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const client = useQueryClient();
  const close = () => setAsked(null);
  const isFinal = version.status === "final" || version.status === "published" || version.status === "archived";
  async function archive() {
    const said = `${version.name} ${version.version}`;
    try {
      const isArchived = version.status === "archived";
      await call(isArchived ? "versions.unarchive" : "versions.archive", { id: version.id });
      tell(isArchived ? `${said} is back.` : `${said} is archived.`, async () => {
        await call(isArchived ? "versions.archive" : "versions.unarchive", { id: version.id });
        await client.invalidateQueries();
      });
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
    await client.invalidateQueries();
  }
  const choices: Choice[] = [
    { label: "Publish…", icon: <BadgeCheck aria-hidden />, onChoose: () => setAsked("publish"), isOff: version.status !== "final" },
    version.status === "archived"
      ? { label: "Bring back", icon: <ArchiveRestore aria-hidden />, onChoose: () => void archive() }
      : { label: "Archive", icon: <Archive aria-hidden />, onChoose: () => void archive(), isOff: !isFinal },
    { label: "Rename the dataset…", icon: <Pencil aria-hidden />, onChoose: () => setAsked("rename") },
    { label: "Move the dataset…", icon: <FolderInput aria-hidden />, onChoose: () => setAsked("move") },
    { label: "Delete this version…", icon: <Trash2 aria-hidden />, isDanger: true, onChoose: () => setAsked("delete") },
    { label: "Delete the dataset…", icon: <Trash2 aria-hidden />, isDanger: true, onChoose: () => setAsked("delete-all") },
  ];
  return (
    <>
      <Menu
        button={
          <Button icon={<Ellipsis />} aria-haspopup="menu">
            Actions
          </Button>
        }
        choices={choices}
      />
      {asked === "publish" ? <Publish version={version} onClose={close} /> : null}
      {asked === "rename" || asked === "move" ? <Place version={version} isMove={asked === "move"} onClose={close} /> : null}
      {asked === "delete" || asked === "delete-all" ? <Delete version={version} isWhole={asked === "delete-all"} onClose={close} /> : null}
    </>
  );
}

function Publish({ version, onClose }: { version: Version; onClose: () => void }) {
  const client = useQueryClient();
  const publish = useMutation({
    mutationFn: () => call("versions.publish", { id: version.id }),
    onSuccess: async () => {
      tell(`${version.name} ${version.version} is published.`);
      onClose();
      await client.invalidateQueries();
    },
  });
  return (
    <Dialog title={`Publish ${version.name} ${version.version}?`} onClose={onClose}>
      <Sure asked={publish} does="Publish" keep="Not now" isDanger={false} onSure={() => publish.mutate()} onClose={onClose}>
        It is then meant for others: it takes no more reports, and commands that delete it ask twice. It can't be made unpublished.
      </Sure>
    </Dialog>
  );
}

/** Another name, or another project; ids, versions and what used them stay. */
function Place({ version, isMove, onClose }: { version: Version; isMove: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (said: string) =>
      isMove ? call("versions.move", { project: version.project, name: version.name, new_project: said }) : call("versions.rename", { project: version.project, name: version.name, new_name: said }),
    onSuccess: async () => {
      onClose();
      await client.invalidateQueries();
    },
  });
  return (
    <Dialog title={isMove ? `Move ${version.name}` : `Rename ${version.name}`} onClose={onClose}>
      <Form asked={change} send={isMove ? "Move it" : "Rename it"} onSend={(said) => change.mutate(String(said.get("said")).trim())}>
        {isMove ? (
          <Field label="Project" name="said" required defaultValue={version.project} hint="It is made if it is missing. All versions go along; their ids stay." />
        ) : (
          <Field label="Name" name="said" required pattern="[^\/@]+" title="a name without / and @" defaultValue={version.name} hint="All versions get it; their ids stay." />
        )}
      </Form>
    </Dialog>
  );
}

/** Says what goes along, what stays, and who used it, before anything is gone. */
function Delete({ version, isWhole, onClose }: { version: Version; isWhole: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [done, setDone] = useState(0);
  const [sure, setSure] = useState("");
  const known = useQuery({
    queryKey: ["versions", "deletion", version.id, isWhole],
    staleTime: 0,
    queryFn: async ({ signal }) => {
      const { nodes } = await call("versions.lineage", { id: version.id, whole: true }, signal);
      const own = nodes.filter((node) => !node.deleted && node.project === version.project && node.name === version.name);
      const doomed = (isWhole ? own : own.filter(({ id }) => id === version.id)).sort((a, b) => b.created.localeCompare(a.created));
      const uses = await Promise.all(doomed.slice(0, MOST_ASKED).map(({ id }) => call("tasks.using_dataset", { dataset: id }, signal)));
      const runs = new Set(uses.flatMap(({ tasks }) => tasks.map(({ id }) => id)));
      return { doomed, runs: runs.size, children: childrenOf(own, doomed), rest: own.filter((node) => !doomed.includes(node)) };
    },
  });
  const remove = useMutation({
    onMutate: (doomed) => doomed.forEach(({ id }) => leaving.add(id)),
    onSettled: (_, __, doomed) => doomed.forEach(({ id }) => leaving.delete(id)),
    mutationFn: async (doomed: LineageNode[]) => {
      for (const [at, { id }] of doomed.entries()) {
        await call("contents.delete", { version: id });
        setDone(at + 1);
      }
    },
    onSuccess: async () => {
      tell(isWhole ? `${version.name} is deleted.` : `${version.name} ${version.version} is deleted.`);
      onClose();
      const next = known.data?.rest.find(({ id }) => version.parents.includes(id)) ?? known.data?.rest[0];
      await navigate(next ? { to: "/datasets/$id", params: { id: next.id } } : { to: "/datasets" });
      client.removeQueries({ queryKey: ["version", version.id] });
      await client.invalidateQueries({ queryKey: ["versions"] });
    },
    onError: () => void client.invalidateQueries({ queryKey: ["versions"] }),
  });
  return (
    <Dialog title={isWhole ? `Delete ${version.name}?` : `Delete ${version.name} ${version.version}?`} onClose={onClose}>
      <Found query={known}>
        {({ doomed, runs, children }) => (
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              remove.mutate(doomed);
            }}
          >
            <ul className="what-goes">
              <li>
                {isWhole
                  ? `${doomed.length === 1 ? "Its only version goes" : `All ${count(doomed.length)} versions go`}, with their files and reports.`
                  : `Its ${count(version.entries)} ${version.entries === 1 ? "file" : "files"} (${bytes(version.size_bytes)}) and its reports go.`}
              </li>
              <li>{children ? `${count(children)} ${children === 1 ? "version descends" : "versions descend"} from it and ${children === 1 ? "keeps" : "keep"} all that ${children === 1 ? "it holds" : "they hold"}.` : "No other version of the dataset descends from it."}</li>
              <li>{runs ? `${count(runs)} ${runs === 1 ? "run has" : "runs have"} used it; what they made stays, and can't be made again.` : "No run has used it."}</li>
              <li>This can't be undone. Archiving puts it out of sight and can.</li>
            </ul>
            {isWhole || version.status === "published" ? (
              <Field label={`Write ${version.name} to delete it`} required value={sure} autoComplete="off" onChange={(event) => setSure(event.target.value)} />
            ) : null}
            {remove.error ? <Failed error={remove.error} /> : null}
            {remove.isPending && doomed.length > 1 ? <progress aria-label="Deleted" max={doomed.length} value={done} /> : null}
            <div className="row">
              <Button look="danger" type="submit" disabled={remove.isPending || ((isWhole || version.status === "published") && sure !== version.name)}>
                Delete
              </Button>
              <Button onClick={onClose}>Keep it</Button>
            </div>
          </form>
        )}
      </Found>
    </Dialog>
  );
}

const MOST_ASKED = 20;

function childrenOf(own: LineageNode[], doomed: LineageNode[]): number {
  const ids = new Set(doomed.map(({ id }) => id));
  return own.filter((node) => !ids.has(node.id) && node.parents.some((parent) => ids.has(parent))).length;
}
