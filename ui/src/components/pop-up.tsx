import { Popover } from "radix-ui";
import { type ReactNode, useState } from "react";

/** A button, and what opens below it. What is in it is made when it opens, and may close it. */
export function PopUp({ button, label, onOpen, children }: { button: ReactNode; label: string; onOpen?: (isOpen: boolean) => void; children: (close: () => void) => ReactNode }) {
  const [open, setOpen] = useState(false);
  const change = (next: boolean) => {
    setOpen(next);
    onOpen?.(next);
  };
  return (
    <Popover.Root open={open} onOpenChange={change}>
      <Popover.Trigger asChild>{button}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="menu column-menu" align="start" sideOffset={4} collisionPadding={8} aria-label={label}>
          {children(() => change(false))}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
