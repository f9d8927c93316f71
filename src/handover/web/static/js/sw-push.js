// In the service worker: shows what waits when a push comes. The push itself is empty; the figures are asked for here,
// for whoever is signed in, so that nothing of them passes by the push service.
(() => {
  "use strict";

  const ask = async () => {
    try {
      const answer = await fetch("/inbox/count", { credentials: "same-origin", cache: "no-store" });
      // Signed out, it says so in words of its own.
      return answer.ok || answer.status === 401 ? await answer.json() : {};
    } catch {
      return {};
    }
  };
  const show = async () => {
    const { title, body, language } = await ask();
    // A browser wants something shown for every push, also when there is nothing to ask.
    await self.registration.showNotification(title || self.location.hostname, {
      body: body || "",
      lang: language || "",
      tag: "inbox",
    });
  };
  const open = async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    // Only a page that is the inbox already: nobody is taken away from what they write elsewhere.
    const inbox = pages.find((page) => new URL(page.url).pathname === "/");
    return inbox ? inbox.focus() : self.clients.openWindow("/");
  };

  self.addEventListener("push", (event) => event.waitUntil(show()));
  self.addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(open());
  });
})();
