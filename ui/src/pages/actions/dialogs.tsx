import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "@/api/client";
import type { Many } from "@/api/results";
import type { Named } from "@/api/types";
import { tell } from "@/app/toasts";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { Form } from "@/components/form";
import { count } from "@/components/format";
import { Empty, Failed, Found } from "@/components/states";
import { outcome, refresh, runs } from "./doing";

interface Asking {
  ids: string[];
  onClose: () => void;
}

/** Tags with commas between them. */
export function tagsOf(text: FormDataEntryValue | null): string[] {
  return [...new Set(String(text ?? "").split(",").map((tag) => tag.trim()).filter(Boolean))];
}

/** Do it, tell what came of it, and close. */
function useDone<Values>(work: (values: Values) => Promise<string>, onClose: () => void, then?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: work,
    onSuccess: async (said) => {
      tell(said);
      onClose();
      then?.();
      await refresh(client);
    },
  });
}

export function Tags({ ids, onClose }: Asking) {
  const known = useQuery({ queryKey: ["tags", "tasks"], queryFn: ({ signal }) => call("projects.get_task_tags", {}, signal) });
  const done = useDone(async ({ add, remove }: { add: string[]; remove: string[] }) => {
    await call("tasks.update_tags", { ids, add_tags: add, remove_tags: remove });
    return `The tags of ${runs(ids.length)} are changed.`;
  }, onClose);
  return (
    <Dialog title={`Tags of ${runs(ids.length)}`} onClose={onClose}>
      <Form asked={done} send="Save" onSend={(said) => done.mutate({ add: tagsOf(said.get("add")), remove: tagsOf(said.get("remove")) })}>
        <Field label="Add" name="add" list="known-tags" hint="With commas between them." />
        <Field label="Take away" name="remove" list="known-tags" />
        <datalist id="known-tags">
          {known.data?.tags.map((tag) => <option key={tag} value={tag} />)}
        </datalist>
      </Form>
    </Dialog>
  );
}

export function Enqueue({ ids, onClose }: Asking) {
  const queues = useQuery({ queryKey: ["queues", "names"], queryFn: ({ signal }) => call("queues.get_all_ex", { only_fields: ["id", "name"], order_by: ["name"] }, signal) });
  const done = useDone(async (queue: string) => outcome("enqueued", await call("tasks.enqueue_many", { ids, queue })), onClose);
  return (
    <Dialog title={`Enqueue ${runs(ids.length)}`} onClose={onClose}>
      <Found query={queues}>
        {({ queues: all }) =>
          all.length ? (
            <Form asked={done} send="Enqueue" onSend={(said) => done.mutate(String(said.get("queue")))}>
              <QueueField label="Queue" queues={all} />
              <p className="small soft">Agents that listen to the queue run them, in this order, after what waits there already.</p>
            </Form>
          ) : (
            <Empty title="There are no queues">Make one among the queues first.</Empty>
          )
        }
      </Found>
    </Dialog>
  );
}

/** Which queue something waits in. */
export function QueueField({ label, queues, chosen }: { label: string; queues: readonly Named[]; chosen?: string | undefined }) {
  return (
    <div className="field">
      <label htmlFor="chosen-queue">{label}</label>
      <select id="chosen-queue" name="queue" className="input" defaultValue={chosen}>
        {queues.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

/** What runs made, as far as it goes when they go. */
function useMade(ids: string[]) {
  return useQuery({
    queryKey: ["tasks", "made", ids],
    staleTime: 0,
    queryFn: ({ signal }) => call("tasks.get_all_ex", { id: ids, only_fields: ["name", "status", "execution.artifacts", "models.output"], search_hidden: true, page: 0, page_size: ids.length }, signal),
  });
}

function Made({ ids, children }: { ids: string[]; children: (busy: number, published: number) => React.ReactNode }) {
  const made = useMade(ids);
  return (
    <Found query={made}>
      {({ tasks }) => {
        const artifacts = tasks.reduce((sum, task) => sum + (task.execution?.artifacts?.filter(({ mode }) => mode !== "input").length ?? 0), 0);
        const models = tasks.reduce((sum, task) => sum + (task.models?.output?.length ?? 0), 0);
        return (
          <div className="stack">
            <ul className="what-goes" aria-label="What goes along">
              <li>curves, plots, samples and the console of {runs(tasks.length)}</li>
              <li>{count(artifacts)} artifacts with their files</li>
              <li>{count(models)} models that they made</li>
            </ul>
            {children(tasks.filter(({ status }) => status === "in_progress" || status === "queued").length, tasks.filter(({ status }) => status === "published").length)}
          </div>
        );
      }}
    </Found>
  );
}

export function Reset({ ids, onClose }: Asking) {
  const done = useDone(async () => outcome("reset", await call("tasks.reset_many", { ids })), onClose);
  return (
    <Dialog title={`Reset ${runs(ids.length)}?`} onClose={onClose}>
      <p>They are drafts again, with their parameters. What they recorded goes, and can't be had back:</p>
      <Made ids={ids}>{() => <Last label="Reset" error={done.error} isBusy={done.isPending} onDo={() => done.mutate(undefined)} onClose={onClose} />}</Made>
    </Dialog>
  );
}

export function Delete({ ids, onClose, onGone }: Asking & { onGone?: () => void }) {
  const [force, setForce] = useState(false);
  const done = useDone(
    async () => {
      const answer: Many = await call("tasks.delete_many", { ids, force });
      if (!answer.succeeded.length && answer.failed[0]) throw new Error(outcome("deleted", answer));
      return outcome("deleted", answer);
    },
    onClose,
    onGone,
  );
  return (
    <Dialog title={`Delete ${runs(ids.length)}?`} onClose={onClose}>
      <p>This can't be undone. With them go:</p>
      <Made ids={ids}>
        {(busy, published) => (
          <>
            {busy + published ? (
              <label className="row">
                <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
                <span>
                  also the {count(busy)} that run or wait, and the {count(published)} that are published
                </span>
              </label>
            ) : null}
            <Last label="Delete" error={done.error} isBusy={done.isPending} onDo={() => done.mutate(undefined)} onClose={onClose} />
          </>
        )}
      </Made>
    </Dialog>
  );
}

function Last({ label, error, isBusy, onDo, onClose }: { label: string; error: unknown; isBusy: boolean; onDo: () => void; onClose: () => void }) {
  return (
    <>
      {error ? <Failed error={error} /> : null}
      <div className="row">
        <Button look="danger" disabled={isBusy} onClick={onDo}>
          {label}
        </Button>
        <Button onClick={onClose}>Leave it</Button>
      </div>
    </>
  );
}
