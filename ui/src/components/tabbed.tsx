import { Tabs } from "radix-ui";
import { type ComponentType, type ReactNode, Suspense } from "react";
import { Busy } from "./states";
import "./tabbed.css";

/** One part of a page: its name in the address, its title, and what is drawn. */
export type Part<Props> = readonly [key: string, title: string, part: ComponentType<Props>];

interface TabbedProps<Props extends object> {
  label: string;
  parts: readonly Part<Props>[];
  /** What the address asks for; the first part when that is none. */
  asked: string | undefined;
  onAsk: (key: string) => void;
  /** What every part is given. */
  props: Props;
  children?: ReactNode;
}

/** A page in several parts, one of which is seen; parts are loaded when they are looked at. */
export function Tabbed<Props extends object>({ label, parts, asked, onAsk, props, children }: TabbedProps<Props>) {
  const shown = parts.find(([key]) => key === asked)?.[0] ?? parts[0]?.[0] ?? "";
  return (
    <Tabs.Root value={shown} onValueChange={onAsk} className="tabs">
      <Tabs.List className="tab-list" aria-label={label}>
        {parts.map(([key, title]) => (
          <Tabs.Trigger key={key} value={key} className="tab">
            {title}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {children}
      {parts.map(([key, , Shown]) => (
        <Tabs.Content key={key} value={key} className="tab-body" tabIndex={-1}>
          <Suspense fallback={<Busy />}>
            <Shown {...props} />
          </Suspense>
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}
