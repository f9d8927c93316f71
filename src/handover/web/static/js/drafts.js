// Keeps what is typed in a form until it is recorded: in this tab only, of this counsellor only, for twelve hours at most.
(() => {
  "use strict";

  const PREFIX = "handover-draft:";
  const LASTS = 12 * 60 * 60 * 1000;
  const who = document.body.dataset.who || "";
  const NEVER = new Set(["csrf", "ssin", "more", "preview"]);
  const KEY = "key";
  const NUMBER = /\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}/g;
  const pause = 300;

  const shelf = () => {
    try {
      return window.sessionStorage;
    } catch {
      return null;
    }
  };
  const nameOf = (form) => `${PREFIX}${who}:${form.dataset.draft}`;
  const drop = (name) => shelf() && shelf().removeItem(name);
  const dropWhere = (test) => {
    const store = shelf();
    if (!store) return;
    for (const name of Object.keys(store)) if (name.startsWith(PREFIX) && test(name)) store.removeItem(name);
  };
  const read = (form) => {
    try {
      const found = JSON.parse(shelf().getItem(nameOf(form)));
      return found && Date.now() - found.at < LASTS ? found.values : null;
    } catch {
      return null;
    }
  };
  const typed = (form) =>
    [...new FormData(form)]
      .filter(([name, value]) => !NEVER.has(name) && typeof value === "string")
      .map(([name, value]) => [name, name === KEY ? value : value.replace(NUMBER, "…")]);
  const note = (form, isFound) => {
    const line = form.querySelector("[data-draft-note]");
    if (!line) return;
    line.hidden = false;
    line.classList.toggle("is-found", isFound);
  };
  const save = (form) => {
    try {
      shelf().setItem(nameOf(form), JSON.stringify({ at: Date.now(), values: typed(form) }));
      note(form, false);
    } catch {
      // No room or no storage: the form itself still holds it.
    }
  };

  // Gives what could not be put back: rows that were added, and choices that were looked for.
  const put = (form, values) => {
    const given = new Map();
    for (const [name, value] of values) given.set(name, [...(given.get(name) || []), value]);
    for (const field of form.elements) {
      if (!field.name || NEVER.has(field.name) || field.type === "submit") continue;
      const found = given.get(field.name) || [];
      let at = 0;
      if (field.type === "checkbox" || field.type === "radio") {
        at = found.indexOf(field.value);
        field.checked = at >= 0;
      } else if (found.length || field.type !== "hidden") {
        field.value = found.length ? found[0] : "";
        at = field.value === found[0] ? 0 : -1;
      }
      if (at >= 0) found.splice(at, 1);
    }
    return [...given].flatMap(([name, rest]) => rest.filter(Boolean).map((value) => [name, value]));
  };
  // The server draws those anew.
  const drawAgain = (form, rest) => {
    const more = form.querySelector("button[name=more]");
    if (!rest.length || !more || !window.htmx) return;
    for (const [name, value] of rest) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    }
    form.requestSubmit(more);
  };

  const begin = (form) => {
    if (form.dataset.drafting) return;
    form.dataset.drafting = "yes";
    const fresh = form.elements.namedItem(KEY)?.value;
    // What the server gave back with a remark on it is newer than what was kept.
    const kept = "typed" in form.dataset ? null : read(form);
    if ("typed" in form.dataset) save(form);
    if (kept) {
      const rest = put(form, kept);
      note(form, true);
      drawAgain(form, rest);
    }
    let wait = 0;
    const soon = () => {
      window.clearTimeout(wait);
      wait = window.setTimeout(() => form.isConnected && save(form), pause);
    };
    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
    window.addEventListener("pagehide", () => {
      if (wait && form.isConnected && !form.dataset.recorded) save(form);
    });
    form.addEventListener("click", (event) => {
      const button = event.target.closest("[data-draft-clear]");
      if (!button) return;
      window.clearTimeout(wait);
      wait = 0;
      drop(nameOf(form));
      form.reset();
      if (fresh) form.elements.namedItem(KEY).value = fresh;
      form.querySelector("[data-draft-note]").hidden = true;
      const first = form.querySelector("input:not([type=hidden]), select, textarea");
      if (first) first.focus();
    });
    form.addEventListener("handover-recorded", () => {
      window.clearTimeout(wait);
      wait = 0;
      form.dataset.recorded = "yes";
      drop(nameOf(form));
    });
  };
  const beginAll = (root) => {
    if (!who) return;
    for (const form of root.querySelectorAll("form[data-draft]")) begin(form);
  };

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, elt } = event.detail;
    const isDone = xhr.getResponseHeader("HX-Redirect") || xhr.getResponseHeader("HX-Trigger") === "handover-stepped";
    const form = elt.closest("form[data-draft]");
    if (form && isDone && xhr.status < 300) form.dispatchEvent(new CustomEvent("handover-recorded"));
  });
  document.addEventListener("click", (event) => {
    const cancel = event.target.closest("[data-draft-drop]");
    const form = cancel && cancel.closest("form[data-draft]");
    if (form) form.dispatchEvent(new CustomEvent("handover-recorded"));
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[action='/sign-out']")) dropWhere(() => true);
  });
  // Somebody else signed in here: what the one before typed is not for them.
  if (who) dropWhere((name) => !name.startsWith(`${PREFIX}${who}:`));
  document.addEventListener("htmx:load", (event) => beginAll(event.detail.elt.parentElement || document));
  beginAll(document);
})();
