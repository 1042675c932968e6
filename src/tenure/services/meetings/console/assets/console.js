// Keeps the meetings page live: words as they are said, the rest by loading it again, times relative to now.
"use strict";

const REFRESH_MILLISECONDS = 1000;
const SLOW_REFRESH_MILLISECONDS = 15000;

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

function isInUse(section) {
  return section.contains(document.activeElement) && document.activeElement.matches("input, select, button")
    || section.querySelector("details[open]") !== null;
}

async function loadAgain() {
  refreshing = null;
  if (!wanted || document.hidden) return;
  wanted = false;
  loadedAt = Date.now();
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.assign(answer.url); // the session is over
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const section of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(section.id);
      if (!fresh || isInUse(section)) continue;
      fresh.querySelectorAll("time[datetime]").forEach(sayTime);
      if (fresh.innerHTML !== section.innerHTML) section.replaceChildren(...fresh.childNodes);
    }
    const words = document.getElementById("words");
    const fresh = page.getElementById("words");
    if (words && fresh) words.dataset.empty = fresh.dataset.empty;
    if (words && fresh?.children.length === 0) words.replaceChildren(); // they were deleted
  } catch {
    // The server is away; the stream comes back with it, and asks again.
  }
}

function refresh() {
  wanted = true; // soon, but at most once a second
  refreshing ??= setTimeout(loadAgain, Math.max(100, loadedAt + REFRESH_MILLISECONDS - Date.now()));
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

const clock = (seconds) => new Date(seconds * 1000).toTimeString().slice(0, 8);

function addWords(said) {
  const list = document.getElementById("words");
  if (!list || list.querySelector(`[data-id="${CSS.escape(said.id)}"]`)) return;
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const line = document.createElement("li");
  line.dataset.id = said.id;
  line.append(
    element("span", "at", clock(said.at)), " ", element("b", "", said.speaker || "somebody"), " ", element("span", "text", said.text),
  );
  list.append(line);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function listen(address) {
  const state = document.getElementById("link");
  const source = new EventSource(address);
  const show = (text, className) => { state.textContent = text; state.className = `pill ${className}`; };
  source.addEventListener("open", () => { show("live", "good"); });
  source.addEventListener("error", () => {
    show("not connected", "quiet");
    if (source.readyState === EventSource.CLOSED) refresh(); // refused: loading the page says why
  });
  source.addEventListener("words", (message) => { addWords(JSON.parse(message.data)); });
  source.addEventListener("change", refresh);
  source.addEventListener("begin", () => { location.reload(); });
  addEventListener("pagehide", () => source.close());
}

function useOwnZone() {
  // Without this script times are entered and shown in UTC, and the page says so.
  for (const note of document.querySelectorAll("[data-zone]")) {
    note.textContent = note.textContent.replace("in UTC", "in your time zone");
  }
  for (const at of document.querySelectorAll("[data-at]")) at.textContent = clock(Number(at.dataset.at));
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.sure;
  if (question && !confirm(question)) {
    event.preventDefault();
    return;
  }
  for (const zone of event.target.querySelectorAll("[data-zone-of]")) {
    const at = new Date(event.target.elements[zone.dataset.zoneOf].value);
    if (!Number.isNaN(at.getTime())) zone.value = -at.getTimezoneOffset();
  }
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

sayTimes();
useOwnZone();
setInterval(sayTimes, 1000);
const words = document.getElementById("words");
if (words) words.scrollTop = words.scrollHeight;
if (document.body.dataset.stream) {
  listen(document.body.dataset.stream);
  setInterval(refresh, SLOW_REFRESH_MILLISECONDS);
}
