import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { call } from "@/api/client";
import type { Task } from "@/api/types";
import { tell } from "@/app/toasts";
import { Dialog } from "@/components/dialog";
import { Sure } from "@/components/form";
import { outcome, refresh } from "../actions/doing";

/** Delete a run of a pipeline with its steps. */
export function Delete({ run, project, onClose }: { run: Task; project: string; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const done = useMutation({
    mutationFn: () => call("pipelines.delete_runs", { ids: [run.id], project }),
    onSuccess: async (answer) => {
      tell(outcome("deleted", answer));
      onClose();
      if (answer.succeeded.length) void navigate({ to: "/pipelines/$id", params: { id: project }, search: {} });
      await refresh(client);
    },
  });
  return (
    <Dialog title={`Delete ${run.name}?`} onClose={onClose}>
      <Sure asked={done} does="Delete it with its steps" keep="Keep it" onSure={() => done.mutate()} onClose={onClose}>
        The run goes with the tasks of its steps: what they printed and reported, their artifacts and models with their files. Steps that it took from the cache belong to other runs and stay. This can&rsquo;t be undone.
      </Sure>
    </Dialog>
  );
}
