// Parts that open inside a page: closing them, and what htmx says when something goes wrong.
(() => {
  "use strict";

  const openers = new WeakMap();

  const close = (part) => {
    const opener = openers.get(part.parentElement);
    part.dispatchEvent(new CustomEvent("handover-closed", { bubbles: true }));
    part.remove();
    if (opener && opener.isConnected) opener.focus();
  };

  document.addEventListener("htmx:afterSwap", (event) => {
    const { target, requestConfig } = event.detail;
    if (target.querySelector(":scope > .step-part")) openers.set(target, requestConfig.elt);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-close-part], [data-close-banner]");
    if (!button) return;
    if ("closePart" in button.dataset) close(button.closest(".step-part"));
    else button.closest(".banner").remove();
  });
  // An answer that knows where it belongs is ours; another one (of something in between) is not shown.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status < 400) return;
    const known = xhr.getResponseHeader("HX-Retarget") || xhr.getResponseHeader("Content-Security-Policy");
    event.detail.shouldSwap = Boolean(known);
  });
})();
