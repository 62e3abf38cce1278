import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import type { Parameter } from "@/api/types";
import { Button } from "@/components/button";
import { Failed } from "@/components/states";
import { refresh } from "../actions/doing";

/** The parameters of one section; while the run is a draft they can be changed. */
export function Parameters({ task, section, items, isDraft }: { task: string; section: string; items: Parameter[]; isDraft: boolean }) {
  const [isEdited, setEdited] = useState(false);
  const sorted = [...items].sort((a, b) => a.name.localeCompare(b.name));
  return (
    <section className="panel">
      <div className="row section-head">
        <h2 className="grow">{section}</h2>
        {isDraft && !isEdited ? <Button look="quiet" icon={<Pencil />} label={`Edit ${section}`} onClick={() => setEdited(true)} /> : null}
      </div>
      {isEdited && isDraft ? (
        <Form task={task} section={section} items={sorted} onClose={() => setEdited(false)} />
      ) : (
        <table className="grid-table">
          <tbody>
            {sorted.map((item) => (
              <tr key={item.name}>
                <th scope="row">{item.name}</th>
                <td className="mono">{item.value || <span className="faint">empty</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

interface Row extends Parameter {
  key: number;
}

function Form({ task, section, items, onClose }: { task: string; section: string; items: Parameter[]; onClose: () => void }) {
  const client = useQueryClient();
  const [rows, setRows] = useState<Row[]>(() => items.map((item, key) => ({ ...item, key })));
  const save = useMutation({
    mutationFn: () => {
      const hyperparams = rows.filter(({ name }) => name.trim()).map(({ name, value, type, description }) => ({ section, name: name.trim(), value, type, description }));
      return hyperparams.length ? call("tasks.edit_hyper_params", { task, hyperparams, replace_hyperparams: "section" }) : call("tasks.delete_hyper_params", { task, hyperparams: [{ section }] });
    },
    onSuccess: async () => {
      onClose();
      await refresh(client);
    },
  });
  const change = (key: number, values: Partial<Row>) => setRows(rows.map((row) => (row.key === key ? { ...row, ...values } : row)));
  return (
    <form
      className="stack pad"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {rows.map((row, at) => (
        <div key={row.key} className="row">
          <input className="input quiet" aria-label={`Name of parameter ${at + 1}`} value={row.name} onChange={(event) => change(row.key, { name: event.target.value })} />
          <input className="input quiet mono" aria-label={row.name ? `Value of ${row.name}` : `Value of parameter ${at + 1}`} value={row.value} onChange={(event) => change(row.key, { value: event.target.value })} />
          <Button look="quiet" icon={<Trash2 />} label={`Remove ${row.name || `parameter ${at + 1}`}`} onClick={() => setRows(rows.filter(({ key }) => key !== row.key))} />
        </div>
      ))}
      {save.error ? <Failed error={save.error} /> : null}
      <div className="row wrap">
        <Button icon={<Plus />} onClick={() => setRows([...rows, { key: Math.max(-1, ...rows.map(({ key }) => key)) + 1, section, name: "", value: "" }])}>
          Add
        </Button>
        <span className="grow" />
        <Button look="quiet" onClick={onClose}>
          Leave it
        </Button>
        <Button look="strong" type="submit" disabled={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}
