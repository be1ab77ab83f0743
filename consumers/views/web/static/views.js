// The list of deliveries as it is now: asked for again while someone looks and is not busy with it.
"use strict";

const EVERY = 4000;
const status = document.getElementById("live");

// Paused while the page is hidden, a filter is being filled in, or the keyboard is in the rows.
const isPaused = () => {
  const focused = document.activeElement;
  return document.hidden || (focused !== null && focused.closest("[data-pauses], #rows") !== null);
};

const tell = () => {
  const said = isPaused() ? "Paused" : "Live";
  if (status.textContent !== said) status.textContent = said;
  status.classList.toggle("paused", said === "Paused");
};

if (status !== null && document.querySelector("#rows[data-live]") !== null) {
  status.hidden = false;
  tell();
  for (const name of ["focusin", "focusout", "visibilitychange"]) {
    document.addEventListener(name, () => setTimeout(tell, 0));
  }
  setInterval(() => {
    tell();
    const rows = document.querySelector("#rows[data-live]");
    if (rows !== null && !isPaused()) htmx.trigger(rows, "refresh");
  }, EVERY);
}
