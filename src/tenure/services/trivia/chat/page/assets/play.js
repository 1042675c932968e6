// The players' page: what is written comes in by itself, and answers and commands are sent without a new page.
"use strict";

const HEAR_AGAIN_MILLISECONDS = 5000;

const messages = document.getElementById("messages");
const writing = document.getElementById("write");

function elementOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // made and escaped by the server
  return template.content.firstElementChild;
}

// ------------------------------------------------------------------------------------ messages

let mine = messages ? JSON.parse(messages.dataset.mine) : {};

function isAtEnd() {
  return messages.scrollHeight - messages.scrollTop - messages.clientHeight < 80;
}

function toEnd() {
  messages.scrollTop = messages.scrollHeight;
}

function showMine(message) {
  const choice = mine[message.dataset.game];
  for (const button of message.querySelectorAll("button[data-letter]")) {
    button.classList.toggle("mine", button.dataset.letter === choice);
    button.setAttribute("aria-pressed", String(button.dataset.letter === choice));
  }
}

// A message is known by its number. What comes again, or late, is shown only if it is newer than what is there.
function place(html) {
  const fresh = elementOf(html);
  const old = document.getElementById(fresh.id);
  if (old && Number(old.dataset.version) >= Number(fresh.dataset.version)) return;
  const follows = isAtEnd();
  fresh.querySelectorAll("time[datetime]").forEach(sayTime);
  showMine(fresh);
  if (old) old.replaceWith(fresh);
  else {
    const number = Number(fresh.dataset.number);
    const next = [...messages.children].find((other) => Number(other.dataset.number) > number);
    messages.insertBefore(fresh, next ?? null);
  }
  if (follows) toEnd();
}

function note(html, isBad) {
  const item = elementOf('<li class="message note" role="status"><p class="words"></p><p class="dim small">Only you see this.</p></li>');
  item.firstElementChild.innerHTML = html; // made and escaped by the server
  item.classList.toggle("bad", isBad);
  item.querySelectorAll("time[datetime]").forEach(sayTime);
  messages.append(item);
  toEnd();
}

function begin(said) {
  mine = said.mine;
  said.messages.forEach(place);
  messages.querySelectorAll("[data-game]").forEach(showMine);
  showOutlook({ html: said.outlook });
}

function showOutlook(said) {
  const outlook = document.getElementById("outlook");
  outlook.innerHTML = said.html; // made and escaped by the server
  outlook.querySelectorAll("time[datetime]").forEach(sayTime);
}

function showLeft() {
  const now = Date.now() / 1000;
  for (const bar of messages.querySelectorAll("progress")) {
    const [from, to] = [Number(bar.dataset.from), Number(bar.dataset.to)];
    bar.value = 100 * Math.min(1, Math.max(0, (to - now) / (to - from)));
  }
}

// ------------------------------------------------------------------------------------ what one does

const AWAY = "The server can't be reached: try again in a moment";

async function send(path, fields) {
  const form = new URLSearchParams({ form_token: writing.form_token.value, ...fields });
  try {
    const answer = await fetch(document.body.dataset.place + path, {
      method: "POST", body: form, headers: { Accept: "application/json" },
    });
    if (answer.status === 401) location.reload(); // the key is worthless: the page says so
    return { status: answer.status, ...(await answer.json()) };
  } catch {
    return { status: 503, html: AWAY };
  }
}

async function press(button) {
  const message = button.closest(".message");
  const game = message.dataset.game;
  const said = await send("/press", { press: button.value });
  if (said.choice) mine[game] = said.choice;
  const shown = messages.querySelector(`[data-game="${CSS.escape(game)}"]`); // it may have been shown anew meanwhile
  if (!shown) return;
  showMine(shown);
  const own = shown.querySelector(".own");
  own.innerHTML = said.html; // made and escaped by the server
  own.classList.toggle("bad", said.status >= 400);
}

function newOp() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

let sending = false;

// Until an answer came, the same op is sent again: so what is sent twice is said once.
async function write() {
  const line = writing.line.value;
  if (sending || !line.trim()) return;
  sending = true;
  const said = await send("/write", { line, op: writing.op.value });
  sending = false;
  if (said.status !== 503) writing.op.value = newOp();
  if (said.status < 400 && writing.line.value === line) writing.line.value = "";
  if (said.html) note(said.html, said.status >= 400);
  offer();
}

// ------------------------------------------------------------------------------------ the commands to choose from

function offer() {
  const palette = document.getElementById("palette");
  const [word, ...rest] = writing.line.value.replace(/^\/trivia /, "/").split(" ");
  let first = null;
  for (const entry of palette.children) {
    const fits = rest.length ? entry.dataset.name === word : entry.dataset.name.startsWith(word);
    entry.hidden = !fits;
    entry.classList.remove("at");
    if (fits) first ??= entry;
  }
  if (first && !rest.length) first.classList.add("at");
  palette.classList.toggle("open", word.startsWith("/") && first !== null);
}

function choose(entry) {
  writing.line.value = `${entry.dataset.name} `;
  writing.line.focus();
  offer();
}

function play() {
  messages.querySelectorAll("[data-game]").forEach(showMine);
  sayTimes();
  showLeft();
  toEnd();
  setInterval(() => { sayTimes(); showLeft(); }, 1000);
  messages.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-letter]");
    if (!button || !writing) return;
    event.preventDefault();
    press(button);
  });
  if (document.body.dataset.stream !== undefined) hear();
}

// What is written; the browser comes again by itself, unless it was turned away.
function hear() {
  const source = listen(document.body.dataset.stream, {
    begin, message: (said) => place(said.html), outlook: showOutlook,
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) lookAgain();
  });
}

async function lookAgain() {
  try {
    const answer = await fetch(location.href);
    if (answer.status === 401) return location.reload(); // the key is worthless: the page says so
  } catch {
    // The server is away.
  }
  setTimeout(hear, HEAR_AGAIN_MILLISECONDS);
}

function letWrite() {
  writing.addEventListener("submit", (event) => { event.preventDefault(); write(); });
  writing.line.addEventListener("input", offer);
  writing.line.addEventListener("keydown", (event) => {
    const at = document.querySelector("#palette.open li.at");
    if (event.key === "Tab" && at) { event.preventDefault(); choose(at); }
  });
  document.getElementById("palette").addEventListener("click", (event) => {
    const entry = event.target.closest("li");
    if (entry) choose(entry);
  });
  writing.line.focus();
}

if (messages) play();
if (writing) letWrite();
