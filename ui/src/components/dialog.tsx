import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { Button } from "./button";
import { focusThePage } from "./focus";
import "./dialog.css";

/** A question in front of the page. Escape, or a click beside it, is no answer. */
export function Dialog({ title, children, onClose, isWide = false }: { title: string; children: ReactNode; onClose: () => void; isWide?: boolean }) {
  return (
    <Radix.Root open onOpenChange={(open) => (open ? null : onClose())}>
      <Radix.Portal>
        <Radix.Overlay className="dialog-veil" />
        <Radix.Content className={`dialog ${isWide ? "wide" : ""}`} aria-describedby={undefined} onCloseAutoFocus={focusThePage}>
          <div className="row dialog-head">
            <Radix.Title className="grow ellipsis">{title}</Radix.Title>
            <Radix.Close asChild>
              <Button look="quiet" icon={<X />} label="Close" />
            </Radix.Close>
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
