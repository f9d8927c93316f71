// Hears that something changed, and lets htmx fetch what is new.
(() => {
  "use strict";

  // htmx listens for "handover-changed" on the body and fetches what is new.
  const listener = document.querySelector("[data-stream]");
  if (!listener) return;
  const calm = 300;
  let source = null;
  let waiting = 0;
  let told = 0;

  // A form that is being filled in inside the list must not be swept away by a newer list.
  const held = listener.dataset.held && document.querySelector(listener.dataset.held);
  const isBusy = () => held && listener.querySelector(".place form");
  const tell = () => {
    waiting = 0;
    if (held) held.hidden = !isBusy();
    if (isBusy()) return;
    told = Date.now();
    document.body.dispatchEvent(new CustomEvent("handover-changed"));
  };
  // The first change shows at once; of many in a row, no more than three a second.
  const soon = () => {
    waiting = waiting || window.setTimeout(tell, Math.max(0, told + calm - Date.now()));
  };
  const open = () => {
    if (source && source.readyState !== EventSource.CLOSED) return;
    const address = new URL(listener.dataset.stream, window.location.href);
    address.searchParams.set("since", listener.dataset.since);
    source = new EventSource(address);
    source.addEventListener("changed", soon);
    source.addEventListener("open", () => document.dispatchEvent(new CustomEvent("handover-stream-open")));
    source.addEventListener("error", () => {
      document.dispatchEvent(new CustomEvent("handover-stream-lost"));
      // The browser comes back by itself, except after an answer that was no stream.
      if (source.readyState === EventSource.CLOSED) window.setTimeout(open, 10000);
    });
  };
  const close = () => {
    if (source) source.close();
    source = null;
  };

  open();
  document.body.addEventListener("handover-stepped", soon);
  if (held) {
    new MutationObserver(() => {
      if (!held.hidden && !isBusy()) soon();
    }).observe(listener, { childList: true, subtree: true });
  }
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
})();
