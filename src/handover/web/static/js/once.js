// Sends a form once.
(() => {
  "use strict";

  // The server counts a form once anyhow; this only spares the second click its wait. htmx drops it by itself.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]:not([hx-post])");
    if (!form) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  // Enter in a search looks for that, and does not send the form by its first button.
  document.addEventListener("keydown", (event) => {
    const finder = event.key === "Enter" && event.target.closest(".finder");
    if (!finder || event.target.type !== "search") return;
    event.preventDefault();
    finder.querySelector("button").click();
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
