import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import "./button.css";

type Look = "plain" | "strong" | "quiet" | "danger";

/** A button. With an icon alone, `label` says what it does. */
export function Button({
  look = "plain",
  icon,
  label,
  children,
  className = "",
  ref,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { look?: Look; icon?: ReactNode; label?: string; ref?: Ref<HTMLButtonElement> }) {
  return (
    <button ref={ref} type="button" className={`button ${look} ${children ? "" : "icon-only"} ${className}`} aria-label={label} title={label} {...rest}>
      {icon}
      {children ? <span>{children}</span> : null}
    </button>
  );
}
