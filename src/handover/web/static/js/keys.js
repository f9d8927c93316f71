// One-letter shortcuts in the inbox; "?" shows them, and they can be turned off (WCAG 2.1.4).
(() => {
  "use strict";

  const dialog = document.getElementById("keys");
  if (!dialog) return;
  const OFF = "handover-keys-off";
  const off = document.getElementById("keys-off");
  const hint = document.querySelector("[data-keys]");
  const inbox = document.getElementById("inbox");
  const read = () => {
    try {
      return localStorage.getItem(OFF) === "yes";
    } catch {
      return false;
    }
  };
  const write = (value) => {
    try {
      if (value) localStorage.setItem(OFF, "yes");
      else localStorage.removeItem(OFF);
    } catch {
      // Without storage the choice holds for this page.
    }
  };

  let isOff = read();
  off.checked = isOff;
  off.addEventListener("change", () => {
    isOff = off.checked;
    write(isOff);
  });
  hint.hidden = false;
  hint.querySelector("[data-keys-open]").addEventListener("click", () => dialog.showModal());

  const cards = () => [...inbox.querySelectorAll(".item")];
  const here = () => document.activeElement && document.activeElement.closest("#inbox .item");
  const go = (card) => {
    const way = card && (card.querySelector(".client") || card.querySelector("a, button"));
    if (way) {
      way.focus();
      card.scrollIntoView({ block: "nearest" });
    }
  };
  const step = (by) => {
    const all = cards();
    const at = all.indexOf(here());
    go(all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]);
  };
  const press = (selector) => {
    const found = here() && here().querySelector(selector);
    if (found) found.click();
  };
  const group = (name) => go(inbox.querySelector(`.${name} .item`));
  const actions = {
    j: () => step(1),
    k: () => step(-1),
    a: () => press(".next a"),
    g: () => press("form button"),
    1: () => group("yours"),
    2: () => group("theirs"),
    3: () => group("news"),
    "/": () => document.getElementById("f-q").focus(),
    n: () => window.location.assign("/dossiers/new"),
    "?": () => dialog.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (isOff) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
})();
