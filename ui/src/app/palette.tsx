import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Dialog } from "radix-ui";
import { useState } from "react";
import { call } from "@/api/client";
import { useSlow } from "@/components/use-slow";
import "@/components/dialog.css";
import "./palette.css";

/** Search over everything, and the way to every place, from the keyboard. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const asked = useSlow(text.trim(), 150);
  const navigate = useNavigate();
  const found = useQuery({
    queryKey: ["search", asked],
    enabled: asked.length > 1,
    queryFn: async ({ signal }) => {
      const fields = { pattern: asked.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), fields: ["name", "id"] };
      const [tasks, projects, models] = await Promise.all([
        call("tasks.get_all_ex", { _any_: fields, only_fields: ["name", "status", "project.name"], page: 0, page_size: 8, order_by: ["-last_update"] }, signal),
        call("projects.get_all_ex", { _any_: fields, only_fields: ["name"], page: 0, page_size: 5 }, signal),
        call("models.get_all_ex", { _any_: fields, only_fields: ["name"], page: 0, page_size: 5 }, signal),
      ]);
      return { tasks: tasks.tasks, projects: projects.projects, models: models.models };
    },
  });
  function go(to: string) {
    onClose();
    void navigate({ to });
  }
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? null : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-veil" />
        <Dialog.Content className="palette" aria-describedby={undefined}>
          <Dialog.Title className="visually-hidden">Search everything</Dialog.Title>
          <Command shouldFilter={false} label="Search everything">
            <Command.Input value={text} onValueChange={setText} placeholder="Names and ids of experiments, projects, models" />
            <Command.List>
              <Command.Empty>{asked.length > 1 && !found.isFetching ? `Nothing is called “${asked}”.` : "Type at least two letters."}</Command.Empty>
              {found.data?.tasks.length ? (
                <Command.Group heading="Experiments">
                  {found.data.tasks.map((task) => (
                    <Command.Item key={task.id} value={task.id} onSelect={() => go(`/experiments/${task.id}`)}>
                      <span className="ellipsis">{task.name}</span>
                      <span className="faint small ellipsis">{typeof task.project === "object" ? task.project?.name : ""}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              ) : null}
              {found.data?.projects.length ? (
                <Command.Group heading="Projects">
                  {found.data.projects.map((project) => (
                    <Command.Item key={project.id} value={project.id} onSelect={() => go(`/experiments?project=${project.id}`)}>
                      <span className="ellipsis">{project.name}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              ) : null}
              {found.data?.models.length ? (
                <Command.Group heading="Models">
                  {found.data.models.map((model) => (
                    <Command.Item key={model.id} value={model.id} onSelect={() => go(`/models/${model.id}`)}>
                      <span className="ellipsis">{model.name}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              ) : null}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
