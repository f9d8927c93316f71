// Sends a form once.
(() => {
  "use strict";

  // The server counts a form once anyhow; this only spares the second click its wait.
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
    window.addEventListener("pageshow", () => delete form.dataset.sent);
  }
})();
