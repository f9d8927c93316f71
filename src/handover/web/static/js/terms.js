// A word that is explained opens under the mouse and on focus too; without this a click does.
(() => {
  "use strict";

  const pause = 250;
  const gap = 6;
  let wait = 0;
  let shown = null;

  const textOf = (word) => document.getElementById(word.getAttribute("popovertarget"));
  const isOpen = (text) => text.matches(":popover-open");
  const place = (word, text) => {
    const at = word.getBoundingClientRect();
    const size = text.getBoundingClientRect();
    const left = Math.max(gap, Math.min(at.left, document.documentElement.clientWidth - size.width - gap));
    const below = at.bottom + gap;
    const fits = below + size.height < window.innerHeight || at.top < size.height + gap;
    text.style.margin = "0";
    text.style.left = `${left}px`;
    text.style.top = `${fits ? below : at.top - size.height - gap}px`;
  };
  const show = (word) => {
    const text = textOf(word);
    if (!text || !text.showPopover || isOpen(text)) return;
    text.showPopover();
    shown = { word, text };
  };
  const hide = () => {
    if (shown && isOpen(shown.text)) shown.text.hidePopover();
    shown = null;
  };
  const later = (what) => {
    window.clearTimeout(wait);
    wait = window.setTimeout(what, pause);
  };
  const wordAt = (event) => (event.target instanceof Element ? event.target.closest(".term") : null);

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const word = wordAt(event);
    const text = event.target instanceof Element && event.target.closest(".term-text");
    if (word) later(() => show(word));
    else if (text) window.clearTimeout(wait);
    // What was opened by a click stays until it is closed.
    else if (shown) later(hide);
    else window.clearTimeout(wait);
  });
  document.addEventListener("focusin", (event) => {
    const word = wordAt(event);
    if (word && word.matches(":focus-visible")) show(word);
    else if (shown && !shown.text.contains(event.target)) hide();
  });
  document.addEventListener("click", (event) => {
    const word = wordAt(event);
    // The mouse opened it already: the click that follows is meant to read it, not to close it.
    if (word && shown && shown.word === word && isOpen(shown.text)) {
      event.preventDefault();
      shown = null;
    }
  });
  document.addEventListener(
    "toggle",
    (event) => {
      const text = event.target;
      if (!(text instanceof Element) || !text.matches(".term-text") || event.newState !== "open") return;
      const word = document.querySelector(`[popovertarget="${text.id}"]`);
      if (word) place(word, text);
    },
    true,
  );
})();
