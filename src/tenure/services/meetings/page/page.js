// The local meeting page. It asks for the room again as soon as the last answer came: the server holds each answer
// back until there is something new, so the page is live without timers, which browsers slow down in hidden tabs.
"use strict";

const root = document.body.dataset.root;
const room = decodeURIComponent(location.pathname.slice(root.length).replace(/^\/+|\/+$/g, ""));
const at = (id) => document.getElementById(id);
const REASONS = {
  left: "You left the meeting.",
  evicted: "You were removed from the meeting.",
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
const say = (text) => { at("status").textContent = text; };

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function showPeople(people) {
  at("count").textContent = `(${people.length})`;
  at("people").replaceChildren(...people.map((person) => {
    const line = document.createElement("li");
    line.dataset.id = person.id;
    line.append(element("span", "name", person.name + (person.id === seat.id ? " (you)" : "")));
    if (person.bot) line.append(element("span", "badge", "bot"));
    if (person.id !== seat.id) {
      const kick = element("button", "danger", "Remove");
      kick.setAttribute("aria-label", `Remove ${person.name}`);
      kick.onclick = () => act("kick", { who: person.id });
      line.append(kick);
    }
    return line;
  }));
}

function showCaptions(captions) {
  const list = at("captions");
  for (const caption of captions) {
    const line = document.createElement("li");
    line.append(element("span", "speaker", caption.speaker), element("span", "text", caption.text));
    list.append(line);
    after = caption.number;
  }
  if (captions.length) list.scrollTop = list.scrollHeight;
}

function show(part) {
  for (const id of ["choose", "join", "meeting"]) at(id).hidden = id !== part;
}

function over(reason) {
  seat = null;
  sessionStorage.removeItem(room);
  show("join");
  say(REASONS[reason] || "You are no longer in the meeting.");
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
      if (!scene.inside) return over(scene.reason);
      say("");
      mark = scene.mark;
      showPeople(scene.participants);
      showCaptions(scene.captions);
    } catch (problem) {
      if (seat !== mine) return;
      if (problem.refused) return over("");
      say("The server is away; trying again …");
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
  show("meeting");
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
    enter(await call("join", { name }));
  } catch (problem) {
    say(problem.message);
  }
};

at("say").onsubmit = async (event) => {
  event.preventDefault();
  const text = at("text").value;
  at("text").value = "";
  await act("say", { text });
};

at("leave").onclick = async () => {
  await act("leave", {});
  over("left");
};
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
