import type { InputHTMLAttributes } from "react";
import { useId } from "react";
import "./field.css";

/** A line to write into, with its name above it. */
export function Field({ label, hint, className = "", ...rest }: InputHTMLAttributes<HTMLInputElement> & { label: string; hint?: string }) {
  const id = useId();
  return (
    <div className={`field ${className}`}>
      <label htmlFor={id}>{label}</label>
      <input id={id} className="input" aria-describedby={hint ? `${id}-hint` : undefined} {...rest} />
      {hint ? (
        <span id={`${id}-hint`} className="faint small">
          {hint}
        </span>
      ) : null}
    </div>
  );
}
