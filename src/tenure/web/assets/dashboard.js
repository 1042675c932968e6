// What is the dashboard's own: counts and diagrams that change at once, and the feed of what happens.

const MOST_IN_FEED = 40;
const space = document.body.dataset.space;

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

keepLive({
  counts: (told) => { showCounts(told.counts); },
  change: (told) => {
    showCounts(told.counts);
    showEvents(told.events);
    if (concerns(told.events)) refresh();
  },
});
