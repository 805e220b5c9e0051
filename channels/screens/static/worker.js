// Keeps the player usable without a network, where the browser allows a service worker.
// What is kept is chosen by player.js; here it is only handed out.
"use strict";

const PATIENCE_MS = 5000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", event => {
  const request = event.request;
  const path = new URL(request.url).pathname;
  if (request.method !== "GET" || path.endsWith("/manifest.json")) return;
  event.respondWith(path.includes("/files/") ? keptFirst(request) : freshFirst(request));
});

async function keptFirst(request) {
  return await caches.match(request) || fetch(request);
}

// A server that is half up (an error, or no answer at all) counts as none.
async function freshFirst(request) {
  try {
    const answer = await Promise.race([fetch(request), impatience()]);
    if (answer.status < 500) return answer;
  } catch (error) {
    // no network: what was kept follows
  }
  return await caches.match(request) || Response.error();
}

function impatience() {
  return new Promise((resolve, reject) => setTimeout(reject, PATIENCE_MS));
}
