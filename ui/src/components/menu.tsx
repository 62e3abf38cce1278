import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import "./menu.css";

export interface Choice {
  label: string;
  icon?: ReactNode;
  onChoose: () => void;
  isDanger?: boolean;
  isOff?: boolean;
}

/** A button that opens a list of things to do. */
export function Menu({ button, choices, container }: { button: ReactNode; choices: Choice[]; container?: HTMLElement | null }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{button}</DropdownMenu.Trigger>
      <DropdownMenu.Portal container={container ?? null}>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          {choices.map(({ label, icon, onChoose, isDanger, isOff }) => (
            <DropdownMenu.Item key={label} className={`menu-item ${isDanger ? "danger" : ""}`} disabled={isOff ?? false} onSelect={onChoose}>
              {icon}
              <span>{label}</span>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
