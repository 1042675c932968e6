// Keeps a page live: counts at once, what is marked `data-live` by loading it again, times relative to now.
"use strict";

const REFRESH_MILLISECONDS = 1000;
const SLOW_REFRESH_MILLISECONDS = 10000;
const MOST_IN_FEED = 40;

const space = document.body.dataset.space;
let refreshing = null;
let wanted = false;
let loadedAt = 0;

function sayTime(element) {
  const at = Date.parse(element.dateTime);
  if (Number.isNaN(at)) return;
  const seconds = Math.round((at - Date.now()) / 1000);
  const size = Math.abs(seconds);
  const text =
    size < 1 ? "now" : size < 90 ? `${size} s` : size < 5400 ? `${Math.round(size / 60)} min` :
    size < 129600 ? `${Math.round(size / 3600)} h` : `${Math.round(size / 86400)} d`;
  const said = size < 1 ? text : seconds > 0 ? `in ${text}` : `${text} ago`;
  if (element.textContent !== said) element.textContent = said;
}

function sayTimes() {
  document.querySelectorAll("time[datetime]").forEach(sayTime);
}

function mark(element, name, milliseconds) {
  element.classList.remove(name);
  void element.getBoundingClientRect(); // so that the animation begins anew
  element.classList.add(name);
  setTimeout(() => element.classList.remove(name), milliseconds);
}

function showCounts(counts) {
  for (const [kind, states] of Object.entries(counts)) {
    let total = 0;
    for (const [state, number] of Object.entries(states)) {
      total += number;
      const key = CSS.escape(`${kind}/${state}`);
      document.querySelectorAll(`[data-count="${key}"]`).forEach((element) => {
        if (element.textContent === String(number)) return;
        element.textContent = number;
        mark(element, "changed", 1600);
        element.closest("li")?.classList.toggle("none", number === 0);
        const node = element.closest(".node");
        if (node) mark(node, "hot", 900);
      });
    }
    const sum = document.querySelector(`[data-total="${CSS.escape(kind)}"]`);
    if (sum) {
      sum.textContent = total;
      sum.closest(".card").classList.toggle("empty", total === 0);
    }
  }
}

function recordPath(event) {
  const query = new URLSearchParams(location.search).has("space") ? `?space=${encodeURIComponent(space)}` : "";
  return `/dashboard/records/${encodeURIComponent(event.kind)}/${encodeURIComponent(event.id)}${query}`;
}

function feedLine(event) {
  const line = document.createElement("li");
  const link = document.createElement("a");
  link.href = recordPath(event);
  link.textContent = `${event.kind} ${event.id}`;
  const name = document.createElement("b");
  name.textContent = event.transition;
  const state = document.createElement("span");
  state.className = "state";
  state.textContent = event.target;
  const time = document.createElement("time");
  time.dateTime = event.at;
  const about = document.createElement("span");
  about.className = "dim";
  about.append(` by ${event.by}, `, time);
  line.append(link, " ", name, " ", state, about);
  sayTime(time);
  return line;
}

function showEvents(events) {
  const feed = document.getElementById("feed");
  for (const event of events) {
    feed?.prepend(feedLine(event));
    const lane = document.querySelector(`[data-transition="${CSS.escape(`${event.kind}/${event.transition}`)}"]`);
    if (lane) mark(lane, "hot", 900);
  }
  while (feed && feed.children.length > MOST_IN_FEED) feed.lastElementChild.remove();
}

function concerns(events) {
  const record = document.querySelector("[data-record]");
  return !record || events.length === 0 || events.some((e) => `${e.kind}/${e.id}` === record.dataset.record);
}

function isInUse(section) {
  return section.contains(document.activeElement) || section.querySelector("details[open]") !== null;
}

async function loadAgain() {
  refreshing = null;
  if (!wanted || document.hidden) return;
  wanted = false;
  loadedAt = Date.now();
  const sections = document.querySelectorAll("[data-live]");
  if (sections.length === 0) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.assign(answer.url); // the session is over
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const section of sections) {
      const fresh = page.getElementById(section.id);
      if (!fresh || isInUse(section)) continue;
      fresh.querySelectorAll("time[datetime]").forEach(sayTime);
      if (fresh.innerHTML !== section.innerHTML) section.replaceChildren(...fresh.childNodes);
    }
  } catch {
    // The server is away; the stream comes back with it, and asks again.
  }
}

function refresh() {
  wanted = true; // soon, but at most once a second
  refreshing ??= setTimeout(loadAgain, Math.max(100, loadedAt + REFRESH_MILLISECONDS - Date.now()));
}

function listen() {
  const state = document.getElementById("link");
  const source = new EventSource(`/dashboard/live?space=${encodeURIComponent(space)}`);
  source.addEventListener("open", () => { state.textContent = "live"; state.className = "pill good"; });
  source.addEventListener("error", () => { state.textContent = "not connected"; state.className = "pill quiet"; });
  source.addEventListener("counts", (message) => { showCounts(JSON.parse(message.data).counts); });
  source.addEventListener("change", (message) => {
    const change = JSON.parse(message.data);
    showCounts(change.counts);
    showEvents(change.events);
    if (concerns(change.events)) refresh();
  });
  addEventListener("pagehide", () => source.close());
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.sure;
  if (question && !confirm(question)) event.preventDefault();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

sayTimes();
setInterval(sayTimes, 1000);
if (space !== undefined) {
  listen();
  setInterval(refresh, SLOW_REFRESH_MILLISECONDS);
}
