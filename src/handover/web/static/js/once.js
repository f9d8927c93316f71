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
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
