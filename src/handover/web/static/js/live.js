// Hears that something changed, and lets htmx fetch what is new.
(() => {
  "use strict";

  // htmx listens for "handover-changed" on the body and fetches what is new.
  const listener = document.querySelector("[data-stream]");
  const coalesce = 100;
  let source = null;
  let waiting = 0;

  const tell = () => {
    waiting = 0;
    document.body.dispatchEvent(new CustomEvent("handover-changed"));
  };
  const soon = () => {
    waiting = waiting || window.setTimeout(tell, coalesce);
  };
  const open = () => {
    if (source && source.readyState !== EventSource.CLOSED) return;
    source = new EventSource(listener.dataset.stream);
    source.addEventListener("changed", soon);
    source.addEventListener("error", () => {
      // The browser comes back by itself, except after an answer that was no stream.
      if (source.readyState === EventSource.CLOSED) window.setTimeout(open, 10000);
    });
  };
  const close = () => {
    if (source) source.close();
    source = null;
  };

  if (listener) {
    open();
    // A browser allows few connections to one site: a page that nobody looks at gives its one back,
    // except the inbox, whose title counts on in the background.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && !("background" in listener.dataset)) close();
      else if (!document.hidden && !source) {
        open();
        soon();
      }
    });
    window.addEventListener("pagehide", close);
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) {
        open();
        soon();
      }
    });
  }
})();
