// On the settings page: turns notices in this browser on, and knows which of the listed browsers this one is.
(() => {
  "use strict";

  const form = document.querySelector("form[data-push-key]");
  if (!form) return;
  const button = form.querySelector("button");
  const listed = [...document.querySelectorAll("[data-browser]")];

  const say = (name) => {
    for (const each of form.querySelectorAll("[data-push-say]")) each.hidden = each.dataset.pushSay !== name;
    button.hidden = !["", "failed"].includes(name);
  };
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const digest = async (text) => {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const held = async () => {
    const worker = await navigator.serviceWorker.getRegistration("/");
    return worker ? worker.pushManager.getSubscription() : null;
  };

  const look = async () => {
    if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
      say("impossible");
      return;
    }
    const subscription = await held();
    const own = subscription ? await digest(subscription.endpoint) : "";
    const row = listed.find((each) => each.dataset.browser === own);
    if (row) {
      row.querySelector("[data-browser-this]").hidden = false;
      // Removed from the list, it is given up in the browser too.
      row.querySelector("form").addEventListener("submit", () => subscription.unsubscribe());
    }
    if (Notification.permission === "denied") say("blocked");
    else say(row ? "on" : "");
  };

  const turnOn = async () => {
    if ((await Notification.requestPermission()) !== "granted") {
      say(Notification.permission === "denied" ? "blocked" : "");
      return;
    }
    await navigator.serviceWorker.register(form.dataset.worker, { scope: "/" });
    const worker = await navigator.serviceWorker.ready;
    // What somebody else turned on in this browser ends here: their turns are not told to whoever sits here now.
    const former = await worker.pushManager.getSubscription();
    if (former) await former.unsubscribe();
    const subscription = await worker.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: bytes(form.dataset.pushKey),
    });
    form.elements.endpoint.value = subscription.endpoint;
    form.submit();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    turnOn()
      .catch(() => say("failed"))
      .finally(() => {
        button.disabled = false;
      });
  });
  look().catch(() => say("failed"));
})();
