// What keeps a page live, before the page's own script: times relative to now, and what is marked `data-live` loaded
// again when the page's stream says so. Without it a page shows the same, as it was when it was loaded.
"use strict";

const REFRESH_MILLISECONDS = 1000;
const SLOW_REFRESH_MILLISECONDS = 10000;

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

// A section that somebody types or has typed in, goes through by keyboard, or presses something in, is left alone
// meanwhile: a click on what was replaced since the button went down would be none.
function isInUse(section) {
  const active = document.activeElement;
  const typed = (field) => field.value !== field.defaultValue;
  return section.contains(active) && active.matches("input, select, textarea, button, :focus-visible")
    || [...section.querySelectorAll("form[method=post] :is(input, textarea)")].some(typed)
    || section.querySelector("details[open]") !== null
    || section.matches(":active");
}

function freshen(page) {
  for (const section of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(section.id);
    if (!fresh || isInUse(section)) continue;
    fresh.querySelectorAll("time[datetime]").forEach(sayTime);
    if (fresh.innerHTML !== section.innerHTML) section.replaceChildren(...fresh.childNodes);
  }
  document.dispatchEvent(new CustomEvent("fresh", { detail: page }));
}

async function loadAgain() {
  refreshing = null;
  if (!wanted || document.hidden) return;
  wanted = false;
  loadedAt = Date.now();
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.assign(answer.url); // the session is over
    if (answer.ok) freshen(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The server is away; the stream comes back with it, and asks again.
  }
}

function refresh() {
  wanted = true; // soon, but at most once a second
  refreshing ??= setTimeout(loadAgain, Math.max(100, loadedAt + REFRESH_MILLISECONDS - Date.now()));
}

function listen(address, handlers) {
  const state = document.getElementById("link");
  const source = new EventSource(address);
  const show = (text, className) => { state.textContent = text; state.className = `pill ${className}`; };
  source.addEventListener("open", () => { show("live", "good"); });
  source.addEventListener("error", () => {
    show("not connected", "quiet");
    if (source.readyState === EventSource.CLOSED) refresh(); // refused: loading the page says why
  });
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (message) => { handle(JSON.parse(message.data)); });
  }
  addEventListener("pagehide", () => source.close());
  return source;
}

// To be called once by the page's own script: `handlers` says what it does with each event of its stream.
function keepLive(handlers) {
  sayTimes();
  setInterval(sayTimes, 1000);
  if (document.body.dataset.stream === undefined) return;
  const source = listen(document.body.dataset.stream, handlers);
  source.addEventListener("open", refresh); // for what happened since the page was read, or while the stream was away
  setInterval(refresh, SLOW_REFRESH_MILLISECONDS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.sure;
  if (question && !confirm(question)) event.preventDefault();
});
