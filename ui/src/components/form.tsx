import { type ReactNode, useId } from "react";
import { Button } from "./button";
import { Failed } from "./states";

/** What is asked of the server: whether it is on its way, and what the server has against it. */
interface Asked {
  isPending: boolean;
  error: unknown;
}

/** What is written into a dialog. It is handed over when it is sent, and what the server has against it stands above the button. */
export function Form({ asked, send, isDanger = false, onSend, children }: { asked: Asked; send: string; isDanger?: boolean; onSend: (said: FormData) => void; children: ReactNode }) {
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onSend(new FormData(event.currentTarget));
      }}
    >
      {children}
      {asked.error ? <Failed error={asked.error} /> : null}
      <Button look={isDanger ? "danger" : "strong"} type="submit" disabled={asked.isPending}>
        {send}
      </Button>
    </form>
  );
}

/** Several lines to write into, with their name above them. */
export function Area({ label, name, rows, defaultValue }: { label: string; name: string; rows: number; defaultValue?: string | undefined }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea id={id} name={name} className="input" rows={rows} defaultValue={defaultValue} />
    </div>
  );
}

interface SureProps {
  asked: Asked;
  does: string;
  keep?: string;
  isDanger?: boolean;
  onSure: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** The question of a dialog whether something is really to be done, which says what goes along. */
export function Sure({ asked, does, keep = "Leave it", isDanger = true, onSure, onClose, children }: SureProps) {
  return (
    <div className="stack">
      <p>{children}</p>
      {asked.error ? <Failed error={asked.error} /> : null}
      <div className="row">
        <Button look={isDanger ? "danger" : "strong"} disabled={asked.isPending} onClick={onSure}>
          {does}
        </Button>
        <Button onClick={onClose}>{keep}</Button>
      </div>
    </div>
  );
}
