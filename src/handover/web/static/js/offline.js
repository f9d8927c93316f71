// Says when there is no connection, keeps forms where they are, and says when something is on its way.
(() => {
  "use strict";

  const lost = document.getElementById("offline");
  const unsent = document.getElementById("unsent");
  const busy = document.getElementById("busy");
  const every = 5000;
  const patience = 8000;
  const hush = 250;
  let timer = 0;

  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("/sw.js").catch(() => {
      // Without it everything works; only the page that says so is missing when there is no connection.
    });
  }

  const found = () => {
    window.clearTimeout(timer);
    timer = 0;
    lost.hidden = true;
    unsent.hidden = true;
    if (document.querySelector("[data-offline-page]")) window.location.reload();
  };
  const look = async () => {
    try {
      await fetch(lost.dataset.probe, { method: "HEAD", cache: "no-store", credentials: "omit" });
      found();
    } catch {
      timer = window.setTimeout(look, every);
    }
  };
  const gone = () => {
    lost.hidden = false;
    if (!timer) timer = window.setTimeout(look, every);
  };
  const keep = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    gone();
    unsent.hidden = false;
  };

  window.addEventListener("offline", gone);
  window.addEventListener("online", look);
  if (!navigator.onLine || document.querySelector("[data-offline-page]")) gone();

  // A form stays where it is: sending it would put the browser's own page in its place.
  document.addEventListener("submit", (event) => navigator.onLine || keep(event), true);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (navigator.onLine) return;
    if (event.detail.requestConfig.verb === "get") event.preventDefault();
    else keep(event);
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      gone();
      if (event.detail.requestConfig.verb !== "get") unsent.hidden = false;
    });
  }
  document.addEventListener("htmx:afterOnLoad", () => lost.hidden || found());

  // The stream of news comes back by itself; only when it stays away there is something to say.
  let silent = 0;
  document.addEventListener("handover-stream-lost", () => {
    silent = silent || window.setTimeout(look, patience);
  });
  document.addEventListener("handover-stream-open", () => {
    window.clearTimeout(silent);
    silent = 0;
    if (!lost.hidden) found();
  });

  // What nobody asked for, the news, passes without a sign.
  const shows = new Map();
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { xhr, target, requestConfig } = event.detail;
    const cause = requestConfig.triggeringEvent;
    if (event.defaultPrevented || (cause && cause.type === "handover-changed")) return;
    const wait = window.setTimeout(() => (busy.hidden = false), hush);
    target.setAttribute("aria-busy", "true");
    shows.set(xhr, { wait, target });
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const show = shows.get(event.detail.xhr);
    if (!show) return;
    window.clearTimeout(show.wait);
    show.target.removeAttribute("aria-busy");
    shows.delete(event.detail.xhr);
    busy.hidden = shows.size === 0 || busy.hidden;
  });
})();
