// Shows the slides of one screen, by the server's clock, with or without a network, and reports
// what was shown and what is gone. Written for old browsers too: ES2017, no framework.
"use strict";

(function () {
  const settings = document.documentElement.dataset;
  const root = settings.root + "/";
  const place = root + settings.screen + "/";
  const pack = window.SCREEN_PACK; // a folder on a machine without network
  const pollMs = Number(settings.pollS) * 1000;
  const heartbeatMs = 3 * pollMs;
  const proofMs = 10 * 60000; // plays are counted for so long before they are reported
  const mostDelayMs = 60000;
  const timeoutMs = 8000;
  const mostHeapBytes = 500e6; // beyond, the page begins anew
  const campusMs = 8 * 3600000; // Asia/Shanghai has no summer time
  const isPreview = location.search === "?preview"; // a person looking: leaves no trace
  const isSilent = isPreview || Boolean(pack);
  const startedAt = Date.now();

  const slides = new Map(); // key -> {item, images, isReported}
  const memory = storage();
  const pictures = pictureStore();
  let manifest = { version: 0, items: [], now: "", alert: null, black_out: [] };
  let tag = "";
  let offsetMs = memory.read("offset", 0); // server's clock minus ours
  let offsets = []; // the latest measures of it
  let held = memory.read("held", {}); // key -> since when shown, "" while only downloaded
  let plays = memory.read("plays", {}); // key -> {from, to, times}: shown and not yet reported
  let queue = memory.read("queue", []); // reports that the server has not acknowledged
  let current = null; // {key, page} of what is on the screen
  let currentSince = 0;
  let urgentTurn = false; // whether an urgent slide comes next
  let lastUrgent = null;
  let lastCalm = null;
  let alertId = memory.read("alert", ""); // of the alert that is on the screen
  let failures = 0;
  let isSending = false;
  let isPolling = false;
  let batch = 50;
  let trouble = "";

  const element = name => document.getElementById(name);

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

  // The median of the latest measures: one slow answer moves nothing.
  function learnTime(answer) {
    const serverTime = Date.parse(answer.header("Server-Time"));
    if (isNaN(serverTime)) return;
    const measured = serverTime - (answer.askedAt + answer.answeredAt) / 2;
    const isOff = offsets.length === 0 || Math.abs(measured - offsetMs) > 30000; // the clock was set
    offsets = isOff ? [measured] : offsets.concat(measured).slice(-7);
    const wasMs = offsetMs;
    offsetMs = offsets.slice().sort((a, b) => a - b)[Math.floor(offsets.length / 2)];
    if (Math.abs(offsetMs - wasMs) > 1000) memory.write("offset", offsetMs);
  }

  function isOver(item) {
    return item.until !== "" && Date.parse(item.until) <= now();
  }

  function hasBegun(item) {
    return item.from === "" || Date.parse(item.from) <= now();
  }

  // Whether the campus clock stands in one of the spans "22:30-06:30".
  function isDark() {
    const local = new Date(now() + campusMs);
    const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
    return (manifest.black_out || []).some(span => {
      const ends = span.split("-").map(text => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));
      return ends[1] <= ends[0] ? minute >= ends[0] || minute < ends[1]
        : minute >= ends[0] && minute < ends[1];
    });
  }

  // ---- the list

  async function poll() {
    if (isPolling) return;
    isPolling = true;
    try {
      const answer = await ask("GET", "manifest.json", null, tag ? { "If-None-Match": tag } : {});
      if (answer.status === 401 && isNotPaired(answer)) throw new NotPaired();
      if (answer.status !== 200 && answer.status !== 304) throw new Error("HTTP " + answer.status);
      learnTime(answer);
      failures = 0;
      pairing(false);
      if (answer.status === 200) {
        tag = answer.header("ETag") || "";
        take(JSON.parse(answer.text));
      }
      listen();
      send();
      beginAnewWhenDue();
    } catch (error) {
      failures += 1;
      if (error instanceof NotPaired) forgetAll();
    }
    isPolling = false;
  }

  async function pollForEver() {
    await poll();
    setTimeout(pollForEver, delayMs());
  }

  function delayMs() {
    if (failures === 0 || isPairing()) return pollMs;
    const longest = Math.min(mostDelayMs, pollMs * Math.pow(2, Math.min(failures, 10)));
    return longest * (0.5 + Math.random() / 2);
  }

  function take(list) {
    manifest = list;
    memory.write("manifest", list);
    list.items.forEach(load);
    tidy();
    keepFiles();
    tick();
  }

  // The server says at once when there is something new; polling is the net below.
  let source = null;

  function listen() {
    if (source || isSilent || !("EventSource" in window)) return;
    source = new EventSource(place + "events");
    source.addEventListener("change", poll);
    source.onerror = () => {
      if (source && source.readyState === EventSource.CLOSED) source = null; // refused: later again
    };
  }

  // Loads the pages of a slide and keeps them in the page, where no cache can lose them.
  function load(item) {
    const known = slides.get(item.key);
    if (known && known.item.files.join() === item.files.join()) {
      known.item = item;
      return;
    }
    if (known) drop(item.key);
    if (isOver(item)) return;
    const slide = { item: item, isReported: false, images: item.files.map(() => new Image()) };
    slides.set(item.key, slide);
    slide.images.forEach((image, number) => {
      image.className = "slide";
      image.alt = item.title;
      image.setAttribute("aria-hidden", "true");
      image.onload = () => loaded(item, slide);
      image.onerror = () => failed(item, slide);
      pictures.address(item.files[number]).then(address => {
        if (slides.get(item.key) !== slide) return;
        image.src = address;
        element("slides").appendChild(image);
      });
    });
  }

  function loaded(item, slide) {
    if (slides.get(item.key) !== slide || !slide.images.every(isThere)) return;
    if (!(item.key in held)) {
      remember(item.key, "");
      report(item.key, "downloaded", now(), now());
    }
    item.files.forEach(pictures.keep);
    tick();
  }

  function failed(item, slide) {
    if (slides.get(item.key) !== slide) return;
    trouble = "图片没有取到：" + item.title.slice(0, 40);
    slide.images.forEach(image => image.remove());
    slides.delete(item.key);
    tag = ""; // so that the next look brings the list, and with it another try
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
    if (current && current.key === key) show(next());
    slide.images.forEach(image => {
      image.onload = image.onerror = null;
      image.remove();
    });
  }

  function remember(key, since) {
    held[key] = since;
    memory.write("held", held);
  }

  function forget(key) {
    const since = held[key] ? Date.parse(held[key]) : now();
    delete held[key];
    memory.write("held", held);
    reportPlays(key);
    report(key, "removed", Math.min(since, now()), now());
  }

  // Another machine is this screen now, or none: nothing of it may be seen here.
  function forgetAll() {
    manifest = { version: 0, items: [], now: manifest.now, alert: null, black_out: [] };
    memory.write("manifest", manifest);
    slides.forEach((slide, key) => drop(key));
    held = {};
    plays = {};
    queue = [];
    ["held", "plays", "queue"].forEach(name => memory.write(name, name === "queue" ? [] : {}));
    keepFiles();
    if (source) source.close();
    source = null;
    tag = "";
    pairing(true);
  }

  // ---- the screen

  function tick() {
    tidy();
    const dark = isDark();
    element("dark").hidden = !dark;
    const slide = current && slides.get(current.key);
    const isDone = !slide || now() - currentSince >= slide.item.duration_s * 1000;
    if (isDone) show(next());
    if (!dark) reportShown();
    showAlert();
    showTime();
  }

  function isThere(image) {
    return image.complete && image.naturalWidth > 0;
  }

  function isPlayable(slide) {
    return slide.images.every(isThere) && hasBegun(slide.item);
  }

  // The page after the current one; then another slide: after each that is not urgent an urgent one.
  function next() {
    const slide = current && slides.get(current.key);
    if (slide && isPlayable(slide) && current.page + 1 < slide.images.length) {
      return { key: current.key, page: current.page + 1 };
    }
    const playable = manifest.items.filter(item => slides.has(item.key) && isPlayable(slides.get(item.key)));
    const urgent = playable.filter(item => item.priority > 0).map(item => item.key);
    const calm = playable.filter(item => !(item.priority > 0)).map(item => item.key);
    urgentTurn = urgent.length > 0 && (calm.length === 0 || !urgentTurn);
    const keys = urgentTurn ? urgent : calm;
    if (keys.length === 0) return null;
    const key = keys[(keys.indexOf(urgentTurn ? lastUrgent : lastCalm) + 1) % keys.length];
    if (urgentTurn) lastUrgent = key;
    else lastCalm = key;
    return { key: key, page: 0 };
  }

  function show(frame) {
    currentSince = now();
    current = frame;
    if (frame && frame.page === 0) countPlay(frame.key);
    const shown = frame ? slides.get(frame.key).images[frame.page] : null;
    slides.forEach(slide => slide.images.forEach(image => {
      image.classList.toggle("is-on", image === shown);
      image.setAttribute("aria-hidden", String(image !== shown));
    }));
    const isLandscape = !shown || shown.naturalWidth >= shown.naturalHeight;
    element("stage").classList.toggle("portrait", !isLandscape || (!shown && innerHeight > innerWidth));
    element("stage").classList.toggle("strip", Boolean(shown) && shown.naturalWidth > 4 * shown.naturalHeight);
    element("calm").hidden = frame !== null;
    element("clock").hidden = frame === null;
  }

  function showTime() {
    const time = new Date(now() + campusMs);
    const two = number => String(number).padStart(2, "0");
    const weekday = "日一二三四五六".charAt(time.getUTCDay());
    const texts = {
      time: two(time.getUTCHours()) + ":" + two(time.getUTCMinutes()),
      day: (time.getUTCMonth() + 1) + "月" + time.getUTCDate() + "日 星期" + weekday,
    };
    document.querySelectorAll("[data-clock]").forEach(each => {
      const text = texts[each.dataset.clock];
      if (each.textContent !== text) each.textContent = text;
    });
  }

  // ---- emergencies

  function showAlert() {
    const alert = manifest.alert && hasBegun(manifest.alert) && !isOver(manifest.alert)
      ? manifest.alert : null;
    const id = alert ? alert.id : "";
    if (id === alertId && element("alert").hidden === !alert) return;
    const before = alertId;
    alertId = id;
    memory.write("alert", id);
    element("alert").hidden = !alert;
    if (before && before !== id) report(before, "removed", now(), now());
    if (!alert) return;
    element("alert").className = "alert " + alert.style;
    element("alert-headline").textContent = alert.headline;
    element("alert-text").textContent = alert.words;
    fitAlert();
    if (before !== id && !document.hidden) report(id, "shown", now(), now());
  }

  // The largest type at which all of it can be seen.
  function fitAlert() {
    const box = element("alert");
    const words = element("alert-words");
    let least = 1;
    let most = Math.max(box.clientHeight, box.clientWidth) / 3;
    while (most - least > 1) {
      const size = (least + most) / 2;
      words.style.fontSize = size + "px";
      const fits = words.scrollHeight <= box.clientHeight * 0.92 && words.scrollWidth <= words.clientWidth + 1;
      if (fits) least = size;
      else most = size;
    }
    words.style.fontSize = least + "px";
  }

  // ---- who we are

  function NotPaired() {}

  function isNotPaired(answer) {
    try {
      return JSON.parse(answer.text).code === "not_paired"; // no proxy says that
    } catch (error) {
      return false;
    }
  }

  function isPairing() {
    return !element("pairing").hidden;
  }

  function pairing(isNeeded) {
    element("pairing").hidden = !isNeeded;
    if (isNeeded) askToBePaired();
  }

  async function askToBePaired() {
    const nonce = memory.read("nonce", "") || randomId() + randomId();
    memory.write("nonce", nonce);
    try {
      const answer = await ask("POST", "pairing", { nonce: nonce }, {});
      if (answer.status === 202) {
        const code = JSON.parse(answer.text).code;
        element("code").textContent = code.slice(0, 3) + " " + code.slice(3);
      } else if (answer.status === 204) {
        memory.write("nonce", "");
        poll();
      }
    } catch (error) {
      element("code").textContent = "……";
    }
  }

  // ---- reports

  function report(key, event, since, until, times) {
    if (isSilent) return;
    const said = { id: randomId(), key: key, event: event, from: iso(since), to: iso(until) };
    if (times) said.times = times;
    queue.push(said);
    queue = queue.slice(-400);
    memory.write("queue", queue);
    send();
  }

  // The first time is told at once, for somebody waits for it; those that follow are counted.
  function reportShown() {
    const slide = current && slides.get(current.key);
    if (!slide || slide.isReported || document.hidden) return;
    slide.isReported = true;
    remember(current.key, held[current.key] || iso(now()));
    if (plays[current.key]) reportPlays(current.key);
  }

  function countPlay(key) {
    if (document.hidden || isDark() || isSilent) return;
    const play = plays[key] || { from: iso(now()), to: "", times: 0 };
    play.to = iso(now());
    play.times += 1;
    plays[key] = play;
    memory.write("plays", plays);
  }

  function reportPlays(key) {
    const play = plays[key];
    delete plays[key];
    memory.write("plays", plays);
    if (play) report(key, "shown", Date.parse(play.from), Math.max(Date.parse(play.from), Date.parse(play.to)), play.times);
  }

  // At least once: what is not acknowledged stays. What the server refuses is found by sending
  // singly, and thrown away.
  async function send() {
    if (isSending || queue.length === 0 || isPairing()) return;
    isSending = true;
    const sent = queue.slice(0, batch);
    try {
      const answer = await ask("POST", "reports", sent, {});
      isSending = false;
      if (answer.status === 401) return;
      const isRefused = answer.status >= 400 && answer.status < 500;
      if (isRefused && sent.length > 1) batch = 1;
      else if (isRefused || answer.status < 300) acknowledge(sent);
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
    if (isSilent || isPairing()) return;
    const key = current && !isDark() ? current.key : "";
    const state = { version: manifest.version, key: key, keys: Object.keys(held), trouble: trouble };
    ask("POST", "heartbeat", state, {}).then(() => { trouble = ""; }, () => undefined);
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
          const text = isSilent ? null : localStorage.getItem(prefix + name);
          return text === null ? otherwise : JSON.parse(text);
        } catch (error) {
          return otherwise;
        }
      },
      write: (name, value) => {
        try {
          if (!isSilent) localStorage.setItem(prefix + name, JSON.stringify(value));
        } catch (error) {
          trouble = "浏览器存不下播放记录，请检查播放机的磁盘"; // what the page remembers has to do
        }
      },
    };
  }

  // Pictures survive a restart: in the cache of the service worker where there may be one (HTTPS),
  // else in IndexedDB. Their addresses are their content, so none is ever out of date.
  function pictureStore() {
    const hasCache = "caches" in window;
    const base = isSilent || hasCache || !("indexedDB" in window) ? null : opened();

    function opened() {
      return new Promise(resolve => {
        const request = indexedDB.open("screen." + settings.screen, 1);
        request.onupgradeneeded = () => request.result.createObjectStore("pictures");
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => resolve(null);
      });
    }

    function within(mode, act) {
      return base.then(found => new Promise(resolve => {
        if (!found) return resolve(null);
        const request = act(found.transaction("pictures", mode).objectStore("pictures"));
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => resolve(null);
      })).catch(() => null);
    }

    function fetched(file) {
      return new Promise((resolve, reject) => {
        const call = new XMLHttpRequest();
        call.open("GET", root + file);
        call.responseType = "blob";
        call.onload = () => call.status === 200 ? resolve(call.response) : reject(new Error(file));
        call.onerror = () => reject(new Error(file));
        call.send();
      });
    }

    return {
      address: file => base === null ? Promise.resolve(root + file)
        : within("readonly", store => store.get(file))
          .then(blob => blob ? URL.createObjectURL(blob) : root + file),
      keep: file => {
        if (isSilent) return;
        if (hasCache) caches.open("screen-" + settings.screen).then(cache => cache.add(root + file)).catch(() => undefined);
        else if (base) {
          within("readonly", store => store.getKey(file)).then(known => {
            if (!known) return fetched(file).then(blob => within("readwrite", store => store.put(blob, file)));
          }).catch(() => undefined);
        }
      },
      only: files => {
        if (base === null) return;
        within("readonly", store => store.getAllKeys()).then(keys => (keys || []).forEach(key => {
          if (files.indexOf(key) < 0) within("readwrite", store => store.delete(key));
        }));
      },
    };
  }

  async function keepFiles() {
    if (isSilent) return;
    const files = manifest.items.reduce((all, item) => all.concat(item.files), []);
    pictures.only(files);
    if (!("caches" in window)) return;
    const cache = await caches.open("screen-" + settings.screen);
    const listed = files.map(file => root + file);
    (await cache.keys()).forEach(request => {
      const path = new URL(request.url).pathname;
      const isOurs = path.startsWith(root + "files/");
      if (isOurs && listed.indexOf(path) < 0) cache.delete(request);
    });
  }

  function keepPage() {
    if (isSilent || !("caches" in window)) return;
    if ("serviceWorker" in navigator) {
      navigator.serviceWorker.register(root + "worker.js").catch(() => undefined);
    }
    const own = [location.pathname, root + "static/player.css", root + "static/player.js"];
    caches.open("screen-" + settings.screen)
      .then(cache => Promise.all(own.map(address => cache.add(address)))).catch(() => undefined);
  }

  // Browsers leak over weeks: while the server answers, the page begins anew once a night, and
  // whenever it holds too much.
  function beginAnewWhenDue() {
    const hour = new Date(now() + campusMs).getUTCHours();
    const isOld = Date.now() - startedAt > 4 * 3600000;
    const heap = performance.memory ? performance.memory.usedJSHeapSize : 0;
    const isHeavy = heap > mostHeapBytes && Date.now() - startedAt > 600000;
    if ((hour === 3 && isOld) || isHeavy) location.reload();
  }

  function stayAwake() {
    if (isPreview || !("wakeLock" in navigator) || document.hidden) return;
    navigator.wakeLock.request("screen").catch(() => undefined);
  }

  document.body.classList.toggle("is-preview", isPreview);
  document.addEventListener("visibilitychange", stayAwake);
  window.addEventListener("resize", fitAlert);
  window.addEventListener("error", event => { trouble = String(event.message).slice(0, 200); });
  manifest = pack || memory.read("manifest", manifest);
  manifest.items = manifest.items.filter(item => item.files); // an older page kept others
  if (!pack) distrustOldClock();
  manifest.items.forEach(load);
  tick();
  setInterval(tick, 250);
  stayAwake();
  if (pack) return;
  setInterval(beat, heartbeatMs);
  setInterval(() => Object.keys(plays).forEach(reportPlays), proofMs);
  setInterval(() => { if (isPairing()) askToBePaired(); }, 3000);
  pollForEver();
  setTimeout(beat, 500);
  keepPage();
})();
