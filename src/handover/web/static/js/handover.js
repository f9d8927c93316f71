// What was shown of a referral no longer holds once something else is typed.
(() => {
  "use strict";

  document.addEventListener("input", (event) => {
    if (!event.target.closest("form[data-previewed]")) return;
    const stale = document.querySelector(".preview-stale");
    if (stale) stale.hidden = false;
  });
})();
