import { Popover } from "radix-ui";
import { chooseColour, colourAt, HUES, type Ink, markOf } from "@/charts/colours";

/** The ink of a run. Its colour can be changed, in this browser. */
export function Swatch({ id, name, ink, dark }: { id: string; name: string; ink: Ink | undefined; dark: boolean }) {
  return (
    <Popover.Root>
      <Popover.Trigger className="swatch-button" aria-label={`Change the colour of ${name}`}>
        <span className="swatch" style={{ background: markOf(ink) }} aria-hidden />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="menu swatches" align="start" sideOffset={4} collisionPadding={8} aria-label={`Colours for ${name}`}>
          {Array.from({ length: HUES }, (_, hue) => (
            <Popover.Close key={hue} className="swatch-choice" aria-label={`Colour ${hue + 1}`} style={{ background: colourAt(hue, dark) }} onClick={() => chooseColour(id, hue)} />
          ))}
          <Popover.Close className="menu-item" onClick={() => chooseColour(id, null)}>
            As before
          </Popover.Close>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
