// Small comforts for every page. Everything works without them.
"use strict";

// The menu of a phone closes by Escape, and when something beside it is touched.
document.addEventListener("keydown", (event) => {
  const menu = document.querySelector("details.menu[open]");
  if (event.key === "Escape" && menu) {
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  const menu = document.querySelector("details.menu[open]");
  if (menu && !menu.contains(event.target)) menu.removeAttribute("open");
});

// After a form came back with faults, the first field that has one is where a person goes on.
const fault = document.querySelector("[aria-invalid=true]");
if (fault) fault.focus();

// A session that has ended answers a part of a page with where to log in.
document.addEventListener("htmx:responseError", (event) => {
  const place = document.getElementById("notices");
  if (!place) return;
  const said = document.createElement("div");
  said.className = "notice bad";
  said.setAttribute("role", "alert");
  const text = document.createElement("p");
  text.textContent = event.detail.xhr.status === 403
    ? "That was refused. Load the page again, and try once more."
    : "That did not work (" + event.detail.xhr.status + "). Load the page again.";
  said.append(text);
  place.replaceChildren(said);
});
