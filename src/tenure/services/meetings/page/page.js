// The local meeting page. It asks for the room again as soon as the last answer came: the server holds each answer
// back until there is something new, so the page is live without timers, which browsers slow down in hidden tabs.
"use strict";

const root = document.body.dataset.root;
const room = decodeURIComponent(location.pathname.slice(root.length).replace(/^\/+|\/+$/g, ""));
const bot = new URLSearchParams(location.search).has("bot");
const at = (id) => document.getElementById(id);
const REASONS = {
  left: "You left the meeting.",
  evicted: "You were removed from the meeting.",
  denied: "You were not let in.",
  vanished: "You were away for too long.",
  meeting_ended: "The meeting has ended.",
};

let seat = null;
let after = 0;
let mark = "";

async function call(step, body) {
  const answer = await fetch(`${root}/${encodeURIComponent(room)}/${step}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const data = await answer.json();
  if (!answer.ok) {
    const problem = new Error(data.detail || `The server answered ${answer.status}.`);
    problem.refused = answer.status < 500;
    throw problem;
  }
  return data;
}

const proof = () => ({ participant: seat.participant, key: seat.key });
// The reason stands beside its text for who reads the page by program.
function say(text, reason = "") {
  at("status").textContent = text;
  at("status").dataset.reason = reason;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function button(className, label, person, step) {
  const made = element("button", className, label);
  made.setAttribute("aria-label", `${label} ${person.name}`);
  made.onclick = () => act(step, { who: person.id });
  return made;
}

function lineOf(person, ...buttons) {
  const line = document.createElement("li");
  line.dataset.id = person.id;
  line.append(element("span", "name", person.name));
  if (person.id === seat.id) line.append(element("span", "you", "(you)"));
  if (person.bot) line.append(element("span", "badge", "bot"));
  line.append(...buttons);
  return line;
}

// Not under a button that is pressed: a click on what was replaced since it went down would be none.
function put(id, lines) {
  if (!at(id).querySelector("button:active")) at(id).replaceChildren(...lines);
}

function showPeople(people) {
  at("count").textContent = `(${people.length})`;
  put("people", people.map((person) =>
    person.id === seat.id ? lineOf(person) : lineOf(person, button("danger", "Remove", person, "kick"))));
}

function showDoor(guarded, knocking) {
  at("guard").setAttribute("aria-pressed", guarded);
  at("knocking").hidden = !knocking.length;
  put("waiting", knocking.map((person) =>
    lineOf(person, button("", "Admit", person, "admit"), button("danger", "Deny", person, "deny"))));
}

function showCaptions(captions) {
  const list = at("captions");
  for (const caption of captions) {
    const line = document.createElement("li");
    line.dataset.number = caption.number;
    line.dataset.at = caption.at;
    line.append(element("span", "speaker", caption.speaker), element("span", "text", caption.text));
    list.append(line);
    after = caption.number;
  }
  if (captions.length) list.scrollTop = list.scrollHeight;
}

function show(part) {
  for (const id of ["choose", "join", "door", "meeting"]) at(id).hidden = id !== part;
}

function over(reason) {
  seat = null;
  sessionStorage.removeItem(room);
  show("join");
  say(REASONS[reason] || "You are no longer in the meeting.", reason || "removed");
}

async function act(step, more) {
  try {
    await call(step, { ...proof(), ...more });
  } catch (problem) {
    say(problem.message);
  }
}

async function follow() {
  const mine = seat;
  while (seat === mine) {
    try {
      const scene = await call("look", { ...proof(), after, mark, wait_seconds: 10 });
      if (seat !== mine) return;
      if (scene.reason) return over(scene.reason);
      say("");
      mark = scene.mark;
      show(scene.waiting ? "door" : "meeting");
      if (scene.waiting) continue;
      showPeople(scene.participants);
      showDoor(scene.guarded, scene.knocking);
      showCaptions(scene.captions);
    } catch (problem) {
      if (seat !== mine) return;
      if (problem.refused) return over("");
      say("The server is away; trying again …", "away");
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

function enter(found) {
  seat = found;
  after = 0;
  mark = "";
  at("captions").replaceChildren();
  sessionStorage.setItem(room, JSON.stringify(found));
  show("");
  follow();
}

at("choose").onsubmit = (event) => {
  event.preventDefault();
  location.href = `${root}/${encodeURIComponent(at("room").value.trim())}`;
};

at("join").onsubmit = async (event) => {
  event.preventDefault();
  try {
    const name = at("name").value.trim();
    localStorage.setItem("name", name);
    enter(await call("join", { name, bot }));
  } catch (problem) {
    say(problem.message, problem.refused ? "join_refused" : "away");
  }
};

at("say").onsubmit = async (event) => {
  event.preventDefault();
  const text = at("text").value;
  at("text").value = "";
  await act("say", { text });
};

for (const id of ["leave", "give-up"]) {
  at(id).onclick = async () => {
    await act("leave", {});
    over("left");
  };
}
at("guard").onclick = () => act("guard", { on: at("guard").getAttribute("aria-pressed") !== "true" });
at("end").onclick = () => act("end", {});

at("room-name").textContent = room;
at("name").value = localStorage.getItem("name") || "";
if (!room) {
  show("choose");
} else if (sessionStorage.getItem(room)) {
  enter(JSON.parse(sessionStorage.getItem(room)));
} else {
  show("join");
}
