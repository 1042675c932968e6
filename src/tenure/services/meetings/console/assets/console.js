// What is the meetings page's own: words as they are said, and times in the reader's zone.

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

function useOwnZone() {
  // Without this script times are entered and shown in UTC, and the page says so.
  for (const note of document.querySelectorAll("[data-zone]")) {
    note.textContent = note.textContent.replace("in UTC", "in your time zone");
  }
  for (const at of document.querySelectorAll("[data-at]")) at.textContent = clock(Number(at.dataset.at));
}

document.addEventListener("submit", (event) => {
  for (const zone of event.target.querySelectorAll("[data-zone-of]")) {
    const at = new Date(event.target.elements[zone.dataset.zoneOf].value);
    if (!Number.isNaN(at.getTime())) zone.value = -at.getTimezoneOffset();
  }
});
document.addEventListener("fresh", (event) => {
  const fresh = event.detail.getElementById("words");
  if (!words || !fresh) return;
  words.dataset.empty = fresh.dataset.empty;
  if (fresh.children.length === 0) words.replaceChildren(); // they were deleted
});

const words = document.getElementById("words");
if (words) words.scrollTop = words.scrollHeight;
useOwnZone();
keepLive({ words: addWords, change: refresh, begin: () => { location.reload(); } });
