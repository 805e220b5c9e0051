// Shows the slides of one screen, by the server's clock, with or without a network, and reports
// what was shown and what is gone. Written for old browsers too: ES2017, no framework.
"use strict";

(function () {
  const settings = document.documentElement.dataset;
  const root = settings.root + "/";
  const place = root + settings.screen + "/";
  const pollMs = Number(settings.pollS) * 1000;
  const heartbeatMs = 3 * pollMs;
  const mostDelayMs = 60000;
  const timeoutMs = 8000;
  const campusMs = 8 * 3600000; // Asia/Shanghai has no summer time
  const isPreview = location.search === "?preview"; // a person looking: leaves no trace
  const startedAt = Date.now();

  const slides = new Map(); // key -> {item, image, isReported}
  const memory = storage();
  let manifest = { version: 0, items: [], now: "" };
  let tag = "";
  let offsetMs = memory.read("offset", 0); // server's clock minus ours
  let held = memory.read("held", {}); // key -> since when shown, "" while only downloaded
  let queue = memory.read("queue", []); // reports that the server has not acknowledged
  let current = null; // key of what is on the screen
  let currentSince = 0;
  let failures = 0;
  let isSending = false;
  let batch = 50;

  // ---- time

  function now() {
    return Date.now() + offsetMs;
  }

  function iso(ms) {
    return new Date(ms).toISOString();
  }

  // A machine without a clock battery starts in the past; the last list says how late it is at least.
  function distrustOldClock() {
    const known = Date.parse(manifest.now);
    if (known > now()) offsetMs = known - Date.now();
  }

  function learnTime(answer) {
    const serverTime = Date.parse(answer.header("Server-Time"));
    if (isNaN(serverTime)) return;
    const wasMs = offsetMs;
    offsetMs = serverTime - (answer.askedAt + answer.answeredAt) / 2;
    if (Math.abs(offsetMs - wasMs) > 1000) memory.write("offset", offsetMs);
  }

  function isOver(item) {
    return item.until !== "" && Date.parse(item.until) <= now();
  }

  function hasBegun(item) {
    return item.from === "" || Date.parse(item.from) <= now();
  }

  // ---- the list

  async function poll() {
    try {
      const answer = await ask("GET", "manifest.json", null, tag ? { "If-None-Match": tag } : {});
      if (answer.status !== 200 && answer.status !== 304) throw new Error("HTTP " + answer.status);
      learnTime(answer);
      failures = 0;
      if (answer.status === 200) {
        tag = answer.header("ETag") || "";
        take(JSON.parse(answer.text));
      }
      send();
      reloadAtNight();
    } catch (error) {
      failures += 1;
    }
    setTimeout(poll, delayMs());
  }

  function delayMs() {
    if (failures === 0) return pollMs;
    const longest = Math.min(mostDelayMs, pollMs * Math.pow(2, Math.min(failures, 10)));
    return longest * (0.5 + Math.random() / 2);
  }

  function take(list) {
    manifest = list;
    memory.write("manifest", list);
    list.items.forEach(load);
    tidy();
    keepFiles();
  }

  // Loads a picture and keeps it in the page, where no cache can lose it.
  function load(item) {
    const known = slides.get(item.key);
    if (known && known.item.file === item.file) {
      known.item = item;
      return;
    }
    if (known) drop(item.key);
    if (isOver(item)) return;
    const image = new Image();
    image.className = "slide";
    image.alt = item.title;
    image.setAttribute("aria-hidden", "true");
    image.onload = () => {
      if (!slides.has(item.key)) return;
      if (!(item.key in held)) {
        remember(item.key, "");
        report(item.key, "downloaded", now());
      }
      keep(image.src);
      tick();
    };
    image.onerror = () => {
      image.remove();
      slides.delete(item.key);
      tag = ""; // so that the next look brings the list, and with it another try
    };
    slides.set(item.key, { item: item, image: image, isReported: false });
    image.src = root + item.file;
    document.getElementById("slides").appendChild(image);
  }

  // Lets go of what is over or not on the list any more, also of what an earlier page had shown.
  function tidy() {
    const listed = new Set(manifest.items.filter(item => !isOver(item)).map(item => item.key));
    slides.forEach((slide, key) => {
      if (!listed.has(key)) drop(key);
    });
    Object.keys(held).forEach(key => {
      if (!listed.has(key)) forget(key);
    });
  }

  function drop(key) {
    const slide = slides.get(key);
    slides.delete(key);
    if (current === key) show(next());
    slide.image.onload = slide.image.onerror = null;
    slide.image.remove();
  }

  function remember(key, since) {
    held[key] = since;
    memory.write("held", held);
  }

  function forget(key) {
    const since = held[key] ? Date.parse(held[key]) : now();
    delete held[key];
    memory.write("held", held);
    report(key, "removed", Math.min(since, now()));
  }

  // ---- the screen

  function tick() {
    tidy();
    const slide = slides.get(current);
    const isDone = !slide || now() - currentSince >= slide.item.duration_s * 1000;
    if (isDone) show(next());
    reportShown();
    showTime();
  }

  function isPlayable(slide) {
    return slide.image.complete && slide.image.naturalWidth > 0 && hasBegun(slide.item);
  }

  // The playable slide after the current one, in the order of the list.
  function next() {
    const keys = manifest.items.map(item => item.key);
    const start = keys.indexOf(current);
    for (let step = 1; step <= keys.length; step += 1) {
      const key = keys[(start + step + keys.length) % keys.length];
      if (slides.has(key) && isPlayable(slides.get(key))) return key;
    }
    return null;
  }

  function show(key) {
    currentSince = now();
    if (key === current && slides.has(key)) return;
    current = key;
    slides.forEach((slide, each) => {
      slide.image.classList.toggle("is-on", each === key);
      slide.image.setAttribute("aria-hidden", String(each !== key));
    });
    document.getElementById("calm").hidden = key !== null;
    document.getElementById("clock").hidden = key === null;
  }

  function reportShown() {
    const slide = slides.get(current);
    if (!slide || slide.isReported || document.hidden) return;
    slide.isReported = true;
    remember(current, held[current] || iso(now()));
    report(current, "shown", now());
  }

  function showTime() {
    const time = new Date(now() + campusMs);
    const two = number => String(number).padStart(2, "0");
    const weekday = "日一二三四五六".charAt(time.getUTCDay());
    const texts = {
      time: two(time.getUTCHours()) + ":" + two(time.getUTCMinutes()),
      day: (time.getUTCMonth() + 1) + "月" + time.getUTCDate() + "日 星期" + weekday,
    };
    document.querySelectorAll("[data-clock]").forEach(element => {
      const text = texts[element.dataset.clock];
      if (element.textContent !== text) element.textContent = text;
    });
  }

  // ---- reports

  function report(key, event, since) {
    if (isPreview) return;
    queue.push({ id: randomId(), key: key, event: event, from: iso(since), to: iso(now()) });
    queue = queue.slice(-400);
    memory.write("queue", queue);
    send();
  }

  // At least once: what is not acknowledged stays. What the server refuses is found by sending
  // singly, and thrown away.
  async function send() {
    if (isSending || queue.length === 0) return;
    isSending = true;
    const sent = queue.slice(0, batch);
    try {
      const answer = await ask("POST", "reports", sent, {});
      const isRefused = answer.status >= 400 && answer.status < 500;
      if (isRefused && sent.length > 1) batch = 1;
      else if (isRefused || answer.status < 300) acknowledge(sent);
      isSending = false;
      if (isRefused || answer.status < 300) send();
    } catch (error) {
      isSending = false;
    }
  }

  function acknowledge(sent) {
    const ids = new Set(sent.map(each => each.id));
    queue = queue.filter(each => !ids.has(each.id));
    if (queue.length === 0) batch = 50;
    memory.write("queue", queue);
  }

  function beat() {
    if (isPreview) return;
    const state = { version: manifest.version, key: current || "", keys: Object.keys(held) };
    ask("POST", "heartbeat", state, {}).catch(() => undefined);
  }

  function randomId() {
    const numbers = Array.from(crypto.getRandomValues(new Uint8Array(16)));
    return numbers.map(each => each.toString(16).padStart(2, "0")).join("");
  }

  // ---- network and memory

  function ask(method, name, body, headers) {
    return new Promise((resolve, reject) => {
      const call = new XMLHttpRequest(); // has a time limit in every browser
      const askedAt = Date.now();
      call.open(method, place + name);
      call.timeout = timeoutMs;
      Object.keys(headers).forEach(each => call.setRequestHeader(each, headers[each]));
      if (body) call.setRequestHeader("Content-Type", "application/json");
      call.onload = () => resolve({
        status: call.status,
        text: call.responseText,
        header: each => call.getResponseHeader(each),
        askedAt: askedAt,
        answeredAt: Date.now(),
      });
      call.onerror = call.ontimeout = () => reject(new Error("no answer"));
      call.send(body ? JSON.stringify(body) : null);
    });
  }

  // localStorage where there is room for it; without it, what is known lasts as long as the page.
  function storage() {
    const prefix = "screen." + settings.screen + ".";
    return {
      read: (name, otherwise) => {
        try {
          const text = isPreview ? null : localStorage.getItem(prefix + name);
          return text === null ? otherwise : JSON.parse(text);
        } catch (error) {
          return otherwise;
        }
      },
      write: (name, value) => {
        try {
          if (!isPreview) localStorage.setItem(prefix + name, JSON.stringify(value));
        } catch (error) {
          // full or forbidden: what the page itself remembers has to do
        }
      },
    };
  }

  function keep(address) {
    if (isPreview || !("caches" in window)) return;
    caches.open("screen-" + settings.screen).then(cache => cache.add(address)).catch(() => undefined);
  }

  async function keepFiles() {
    if (isPreview || !("caches" in window)) return;
    const cache = await caches.open("screen-" + settings.screen);
    const listed = manifest.items.map(item => root + item.file);
    (await cache.keys()).forEach(request => {
      const path = new URL(request.url).pathname;
      const isOurs = path.startsWith(root + "files/");
      if (isOurs && listed.indexOf(path) < 0) cache.delete(request);
    });
  }

  function keepPage() {
    if (isPreview) return;
    if ("serviceWorker" in navigator) {
      navigator.serviceWorker.register(root + "worker.js").catch(() => undefined);
    }
    [location.pathname, root + "static/player.css", root + "static/player.js"].forEach(keep);
  }

  // Browsers leak over weeks; once a night, while the server answers, the page begins anew.
  function reloadAtNight() {
    const hour = new Date(now() + campusMs).getUTCHours();
    if (hour === 3 && Date.now() - startedAt > 4 * 3600000) location.reload();
  }

  function stayAwake() {
    if (isPreview || !("wakeLock" in navigator) || document.hidden) return;
    navigator.wakeLock.request("screen").catch(() => undefined);
  }

  document.body.classList.toggle("is-preview", isPreview);
  document.addEventListener("visibilitychange", stayAwake);
  manifest = memory.read("manifest", manifest);
  distrustOldClock();
  manifest.items.forEach(load);
  tick();
  setInterval(tick, 250);
  setInterval(beat, heartbeatMs);
  poll();
  beat();
  keepPage();
  stayAwake();
})();
