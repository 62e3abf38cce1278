import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowRightLeft, ArrowUp, ChevronsDown, ChevronsUp, Ellipsis, Eraser, GripVertical, ListOrdered, Pencil, Trash2, X } from "lucide-react";
import { Fragment, type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import { call } from "@/api/client";
import type { Queue } from "@/api/results";
import { tell } from "@/app/toasts";
import { TimeAgo } from "@/components/bits";
import { Button } from "@/components/button";
import { count } from "@/components/format";
import { Menu } from "@/components/menu";
import { Empty, Found } from "@/components/states";
import { Emptied, Name } from "./dialogs";
import { History } from "./history";
import type { Place } from "./order";
import { useDrag } from "./use-drag";
import { QUEUES, useMoving } from "./use-moving";

const FEW = 100;

/** The queues, and what waits in them, in the order in which it will be taken. */
export default function Waiting() {
  const found = useQuery({ queryKey: QUEUES, queryFn: ({ signal }) => call("queues.get_all_ex", { order_by: ["name"] }, signal) });
  const { queues: now, move, said } = useMoving(found.data?.queues);
  return <Found query={{ data: now, error: found.error, refetch: found.refetch }}>{(queues) => (queues.length ? <Queues queues={queues} onMove={move} said={said} /> : <Empty title="There are no queues" icon={<ListOrdered size={24} aria-hidden />}>Make one; agents that listen to it run what is put into it.</Empty>)}</Found>;
}

interface Doing {
  drag: ReturnType<typeof useDrag>["drag"];
  handle: ReturnType<typeof useDrag>["handle"];
  onMove: (task: string, to: Place) => void;
  queues: readonly Queue[];
}

function Queues({ queues, onMove, said }: { queues: Queue[]; onMove: (task: string, to: Place) => void; said: string }) {
  const { drag, handle } = useDrag(onMove);
  return (
    <div className={`stack ${drag ? "dragging" : ""}`}>
      <p className="visually-hidden" role="status">
        {said}
      </p>
      {queues.map((queue) => (
        <QueuePanel key={queue.id} queue={queue} drag={drag} handle={handle} onMove={onMove} queues={queues} />
      ))}
      <History queues={queues} />
    </div>
  );
}

function QueuePanel({ queue, ...doing }: { queue: Queue } & Doing) {
  const [asked, setAsked] = useState<"rename" | "empty" | "delete" | null>(null);
  const [isWhole, setWhole] = useState(false);
  const entries = queue.entries ?? [];
  const shown = isWhole ? entries : entries.slice(0, FEW);
  const isDefault = queue.system_tags?.includes("default") ?? false;
  const workers = queue.workers?.length ?? 0;
  const others = entries.filter(({ task }) => task.id !== doing.drag?.task);
  const to = doing.drag?.to?.queue === queue.id ? doing.drag.to.at : null;
  const mark = <li className="drop-mark" aria-hidden />;
  return (
    <section className={`panel ${to === null ? "" : "drop-here"}`} aria-label={`Queue ${queue.name}`} data-queue={queue.id}>
      <div className="row section-head">
        <div className="grow stack tight">
          <div className="row">
            <h2 className="ellipsis" title={queue.name}>
              {queue.name}
            </h2>
            {isDefault ? <span className="tag">default</span> : null}
          </div>
          <p className="small soft">
            {entries.length ? `${count(entries.length)} waiting` : "nothing waits"}
            {" · "}
            {workers ? `${count(workers)} ${workers === 1 ? "worker listens" : "workers listen"}` : <span className="warn">no worker listens</span>}
          </p>
        </div>
        <Menu
          button={<Button look="quiet" icon={<Ellipsis />} label={`What can be done with the queue ${queue.name}`} />}
          choices={[
            { label: "Rename…", icon: <Pencil aria-hidden />, onChoose: () => setAsked("rename") },
            { label: "Empty…", icon: <Eraser aria-hidden />, onChoose: () => setAsked("empty"), isOff: !entries.length },
            { label: "Delete…", icon: <Trash2 aria-hidden />, onChoose: () => setAsked("delete"), isDanger: true, isOff: isDefault },
          ]}
        />
      </div>
      <ol className="lines waiting" aria-label={`What waits in ${queue.name}`}>
        {shown.map((entry, at) => {
          const place = others.indexOf(entry);
          return (
            <Fragment key={entry.task.id}>
              {to !== null && place === to ? mark : null}
              <Entry queue={queue} entry={entry} at={at} {...doing} />
            </Fragment>
          );
        })}
        {to !== null && to >= others.length ? mark : null}
      </ol>
      {entries.length > shown.length ? (
        <div className="pad">
          <Button onClick={() => setWhole(true)}>Show the other {count(entries.length - shown.length)}</Button>
        </div>
      ) : null}
      {asked === "rename" ? <Name queue={queue} onClose={() => setAsked(null)} /> : null}
      {asked === "empty" || asked === "delete" ? <Emptied queue={queue} isDeleted={asked === "delete"} onClose={() => setAsked(null)} /> : null}
    </section>
  );
}

function Entry({ queue, entry: { task, added }, at, drag, handle, onMove, queues }: { queue: Queue; entry: NonNullable<Queue["entries"]>[number]; at: number } & Doing) {
  const client = useQueryClient();
  const last = (queue.entries?.length ?? 1) - 1;
  const grip = useRef<HTMLButtonElement>(null);
  const hasMoved = useRef(false);
  useLayoutEffect(() => {
    // A line that is put elsewhere loses the focus; whoever moves it with the keyboard wants to go on.
    if (hasMoved.current) grip.current?.focus();
    hasMoved.current = false;
  }, [at, queue.id]);
  const take = useMutation({
    mutationFn: () => call("tasks.dequeue", { task: task.id }),
    onSuccess: () => {
      tell(`${task.name} does not wait any more.`, async () => {
        await call("tasks.enqueue", { task: task.id, queue: queue.id });
        if (last > at) await call("queues.move_task_forward", { queue: queue.id, task: task.id, count: last - at });
        await client.invalidateQueries({ queryKey: ["queues"] });
      });
    },
    onError: (error) => tell(error.message),
    onSettled: () => client.invalidateQueries({ queryKey: ["queues"] }),
  });
  const go = (place: number) => onMove(task.id, { queue: queue.id, at: Math.min(Math.max(place, 0), last) });
  function onKey(event: KeyboardEvent) {
    const place = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: last }[event.key];
    if (place === undefined) return;
    event.preventDefault();
    hasMoved.current = true;
    go(place);
  }
  return (
    <li className={`line ${drag?.task === task.id ? "dragged" : ""}`} data-task={task.id}>
      <button ref={grip} type="button" className="grip" aria-label={`Move ${task.name}: drag it, or use the arrow keys, Home and End`} title="Drag, or use the arrow keys" onKeyDown={onKey} {...handle(task.id)}>
        <GripVertical size={16} aria-hidden />
      </button>
      <span className="place-number faint">{at + 1}</span>
      <span className="grow waiting-what">
        <Link to="/experiments/$id" params={{ id: task.id }} className="grow ellipsis strong">
          {task.name || task.id}
        </Link>
        <span className="soft small nowrap">
          <TimeAgo at={added} />
        </span>
      </span>
      <Menu
        button={<Button look="quiet" icon={<Ellipsis />} label={`What can be done with ${task.name}`} />}
        choices={[
          { label: "To the top", icon: <ChevronsUp aria-hidden />, onChoose: () => go(0), isOff: at === 0 },
          { label: "Up", icon: <ArrowUp aria-hidden />, onChoose: () => go(at - 1), isOff: at === 0 },
          { label: "Down", icon: <ArrowDown aria-hidden />, onChoose: () => go(at + 1), isOff: at === last },
          { label: "To the end", icon: <ChevronsDown aria-hidden />, onChoose: () => go(last), isOff: at === last },
          ...queues.filter(({ id }) => id !== queue.id).map((other) => ({ label: `Into ${other.name}`, icon: <ArrowRightLeft aria-hidden />, onChoose: () => onMove(task.id, { queue: other.id, at: other.entries?.length ?? 0 }) })),
          { label: "Take it out", icon: <X aria-hidden />, onChoose: () => take.mutate(), isDanger: true },
        ]}
      />
    </li>
  );
}
