let last: HTMLElement | null = null;

addEventListener("focusin", ({ target }) => {
  if (target instanceof HTMLElement && !target.closest("[role=dialog], [role=menu]")) last = target;
});

/** When something in front of the page closes, the focus goes back to where it was in the page. */
export function focusThePage(event: Event): void {
  event.preventDefault();
  (last?.isConnected ? last : document.getElementById("main"))?.focus({ preventScroll: true });
}

/** Whether keys that are pressed now are meant for something that is written. */
export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName)) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "range", "button", "file", "color"].includes(target.type);
}
