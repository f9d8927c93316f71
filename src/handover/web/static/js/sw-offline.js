// In the service worker: keeps style, script and a page without any data, and shows that page when a page cannot come.
// KEPT (what to keep) and VERSION stand above, written by the server.
(() => {
  "use strict";

  const SHELF = `handover-${VERSION}`;
  const NOTES = "handover-notes";
  const LANGUAGE = "/language";
  const pages = KEPT.filter((address) => address.startsWith("/offline"));

  // Without cookies: what is kept can be of nobody.
  const ask = (address) => new Request(address, { credentials: "omit" });
  self.addEventListener("install", (event) => {
    const keep = async () => (await caches.open(SHELF)).addAll(KEPT.map(ask));
    event.waitUntil(keep().then(() => self.skipWaiting()));
  });
  self.addEventListener("activate", (event) => {
    const tidy = async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith("handover-") && name !== SHELF && name !== NOTES) await caches.delete(name);
      }
      await self.clients.claim();
    };
    event.waitUntil(tidy());
  });

  let language = "";
  const noteLanguage = async (answer) => {
    const spoken = answer.headers.get("Content-Language");
    if (!spoken || spoken === language) return;
    language = spoken;
    await (await caches.open(NOTES)).put(LANGUAGE, new Response(spoken));
  };
  const offlinePage = async () => {
    const noted = await (await caches.open(NOTES)).match(LANGUAGE);
    const spoken = language || (noted ? await noted.text() : "");
    const address = pages.find((page) => page.endsWith(`=${spoken}`)) || pages[0];
    return (await caches.open(SHELF)).match(address);
  };
  const visit = async (event) => {
    try {
      const answer = await fetch(event.request);
      event.waitUntil(noteLanguage(answer));
      return answer;
    } catch (error) {
      const page = await offlinePage();
      if (page) return page;
      throw error;
    }
  };

  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const address = new URL(request.url);
    if (address.origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      event.respondWith(visit(event));
      return;
    }
    if (!KEPT.includes(address.pathname + address.search)) return;
    event.respondWith(
      caches
        .open(SHELF)
        .then((shelf) => shelf.match(request))
        .then((kept) => kept || fetch(request)),
    );
  });
})();
