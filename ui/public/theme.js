// Before anything is drawn: the theme that was chosen, so that nothing flashes.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("tilth-theme");
  } catch {
    // a browser that keeps nothing: the system decides
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
})();
