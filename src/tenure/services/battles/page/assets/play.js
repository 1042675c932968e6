// A client of the battles' protocol: connects, plays, and after a lost connection goes on at its cursor.
"use strict";

const setup = document.body.dataset;
const servers = [...new Set([new URL(setup.page, location.href).href, ...JSON.parse(setup.others)])];
const the = (id) => document.getElementById(id);
const nameOf = (player) => player.replace(/\.[0-9a-f]{8}$/, "");

// What is remembered by this tab alone, so that loading the page again goes on.
const game = {
  name: "", level: 1, at: 0, queued: false, battle: "",
  ...JSON.parse(sessionStorage.getItem("battles") ?? "{}"),
  me: "", cursor: 0, players: [], wizards: [], spells: {}, acts: "", turnEnds: 0, turnLasts: 1, acting: false,
  away: new Set(), offer: "", confirmEnds: 0,
};

function keep() {
  const { name, level, at, queued, battle } = game;
  sessionStorage.setItem("battles", JSON.stringify({ name, level, at, queued, battle }));
}

// ------------------------------------------------------------------------------------ the line

const SECOND = 1000;
const STAY_AWAY = {
  4400: "This page and the server do not understand each other: load the page again.",
  4406: "The server speaks another version of the game: load the page again.",
  4409: "You play elsewhere now, such as in another tab. This one is over.",
};
const AFTER_A_WHILE = [1013, 4429];
const LEAVES_WITHIN = 10 * SECOND; // a place in the queue, or in a battle, of before is let go soon
const TRY_AGAIN = ["store_away", "not_now", "too_many"];

let socket = null;
let calling = 0; // the number of the try to connect: what an earlier one brings is dropped
let failures = 0;
let wasLost = false;
let changed = 0; // when this line began, or its battle ended
let ahead = 0; // the store's clock before ours, in milliseconds
const asked = new Map(); // what has no answer yet, by its id, or by its type where it has none

const now = () => Date.now() + ahead;

function sayLine(text, look) {
  if (the("line").textContent !== text) the("line").textContent = text;
  the("line").className = `pill ${look}`;
}

async function askForToken(at) {
  const body = new URLSearchParams({ name: game.name });
  const answer = await fetch(new URL("token", at), {
    method: "POST", body, credentials: "include", signal: AbortSignal.timeout(5 * SECOND),
  });
  return { status: answer.status, ...(await answer.json()) };
}

async function call() {
  const mine = ++calling;
  const at = servers[game.at % servers.length];
  sayLine(wasLost ? "connection lost: connecting again" : "connecting", "wait");
  let given;
  try {
    given = await askForToken(at);
  } catch {
    given = { status: 503 };
  }
  if (mine !== calling) return;
  if (given.status >= 500) return callAgain(0);
  if (given.status >= 400) return stay(given.detail);
  ahead = Date.parse(given.now) - Date.now();
  const address = new URL(setup.socket, at);
  address.protocol = address.protocol.replace("http", "ws");
  address.search = new URLSearchParams({ token: given.token, version: 1 });
  open(address, mine);
}

function open(address, mine) {
  const line = new WebSocket(address);
  const slow = setTimeout(() => line.close(), 8 * SECOND);
  socket = line;
  line.onmessage = ({ data }) => {
    clearTimeout(slow);
    const told = JSON.parse(data);
    if (mine === calling && Object.hasOwn(HEARD, told.type)) HEARD[told.type](told);
  };
  line.onclose = ({ code }) => {
    clearTimeout(slow);
    if (mine === calling) callAgain(code);
  };
}

function callAgain(code) {
  socket = null;
  if (STAY_AWAY[code]) return stay(STAY_AWAY[code]);
  wasLost = true;
  failures += 1;
  game.at = (game.at + 1) % servers.length;
  showBoard();
  sayLine("connection lost: connecting again", "wait");
  const longest = Math.min(5 * SECOND, 100 * 2 ** failures) + (AFTER_A_WHILE.includes(code) ? 2 * SECOND : 0);
  const mine = calling;
  setTimeout(() => { if (mine === calling) call(); }, longest * (0.5 + Math.random() / 2));
}

// The end of this tab's part, until its player does something.
function stay(text) {
  hangUp();
  game.queued = false;
  keep();
  note(text, true);
  show("enter");
}

function hangUp() {
  calling += 1;
  socket?.close();
  socket = null;
  wasLost = false;
  asked.clear();
  sayLine("not connected", "quiet");
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

// Asks, and asks again under the same id until there is an answer.
function ask(message) {
  asked.set(message.id ?? message.type, message);
  send(message);
}

const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");

// ------------------------------------------------------------------------------------ what is heard

const HEARD = {
  welcome(told) {
    failures = 0;
    changed = Date.now();
    game.me = told.player;
    sayLine(`connected to server ${told.instance.slice(0, 8)}`, "good");
    note("");
    const again = [...asked.values()].filter((message) => message.id);
    asked.clear();
    const battle = told.battle ?? game.battle;
    if (battle) {
      if (battle !== game.battle) beginBattle(battle);
      if (wasLost) tell(`The connection is back: the game goes on after entry ${game.cursor}.`, "aside-line");
      // What was seen of a server that was alone may not be so.
      ask(game.alone ? { type: "state", battle } : { type: "resume", battle, cursor: game.cursor });
      again.forEach(ask);
    } else if (game.queued) ask({ type: "join", level: game.level });
    wasLost = false;
  },
  ack(told) {
    asked.delete(told.id || told.to);
  },
  error(told) {
    const key = told.id || told.to;
    const isEarly = told.code === "conflict" && told.to === "join" && Date.now() - changed < LEAVES_WITHIN;
    if (TRY_AGAIN.includes(told.code) || isEarly) {
      const [here, again] = [socket, key ? [asked.get(key)] : [...asked.values()]];
      setTimeout(() => { if (here === socket) again.filter(Boolean).forEach(send); }, isEarly ? SECOND / 4 : SECOND);
      return;
    }
    asked.delete(key);
    note(told.text, true);
    if (told.to === "join" || told.to === "resume") home();
    else if (told.to === "act") game.acting = false;
    showBoard();
  },
  queued(told) {
    game.queued = true;
    the("at-level").textContent = told.level;
    the("since").textContent = new Date(Date.parse(told.since) - ahead).toLocaleTimeString();
    show("waiting");
    keep();
  },
  unqueued(told) {
    home();
    if (told.reason !== "withdrawn") note(`You left the queue: ${told.reason.replaceAll("_", " ")}.`);
  },
  match(told) {
    game.offer = told.battle;
    game.confirmEnds = Date.parse(told.confirm_by);
    the("against").textContent = nameOf(told.players.find((player) => player !== game.me));
    the("offered").textContent = told.level;
    the("confirmed").textContent = "";
    the("confirm").hidden = false;
    tick();
    show("offer");
    document.title = "There is an opponent · Wizards";
  },
  snapshot(told) {
    if (told.battle !== game.battle) beginBattle(told.battle);
    if (game.alone || game.paused) tell("The server is with the others again: this is how it stands.", "aside-line");
    else if (game.cursor > 0) tell("Too much has happened meanwhile to be told: this is how it stands.", "aside-line");
    game.alone = game.paused = false;
    game.cursor = told.cursor;
    game.players = told.players;
    if (told.board) [game.wizards, game.spells] = [told.board.wizards, told.board.spells];
    decide(told);
    if (the("log").childElementCount === 0) tell(`You play against ${nameOf(opponent())}.`);
    show("battle");
  },
  event(told) {
    if (told.battle !== game.battle || told.cursor <= game.cursor) return;
    game.cursor = told.cursor;
    if (game.alone) return; // what was told already is written down; how it stands then comes next
    if (Object.hasOwn(HAPPENED, told.name)) HAPPENED[told.name](told.fields);
    showBoard();
  },
  seat(told) {
    if (told.battle !== game.battle || told.player === game.me) return;
    const was = game.away.has(told.player);
    if (told.state === "away" && !was) {
      game.away.add(told.player);
      tell(`${nameOf(told.player)} lost the connection, and may come back.`, "aside-line");
    } else if (told.state === "present" && was) {
      game.away.delete(told.player);
      tell(`${nameOf(told.player)} is back.`, "aside-line");
    } else if (told.state === "forfeited") tell(`${nameOf(told.player)} did not come back in time.`, "aside-line");
    showBoard();
  },
  signal(told) {
    if (told.battle === game.battle && told.data?.typing) sayTyping(told.player);
  },
  end(told) {
    if (told.battle === game.battle) showEnd(told);
  },
  provisional(told) {
    if (told.battle !== game.battle) return;
    game.alone = true;
    if (Object.hasOwn(HAPPENED, told.name)) HAPPENED[told.name](told.fields);
    if (told.name === "finish") {
      game.acts = "";
      tell("It would be over. That counts only once the server is with the others again.", "aside-line");
    }
    showBoard();
  },
  paused(told) {
    if (told.battle !== game.battle) return;
    game.paused = true;
    tell(PAUSED[told.reason] ?? "The battle is paused.", "aside-line");
  },
  mode(told) {
    if (told.mode === "clustered") game.paused = false;
    note(told.mode === "clustered" ? "" : told.text || `The server is ${told.mode}.`);
  },
};

const PAUSED = {
  run_elsewhere: "The battle is paused: the server that runs it can't be reached.",
  a_player_is_elsewhere: "The battle is paused: this server can't reach the other player.",
};

const HAPPENED = {
  advance(fields) {
    cast(fields.shown);
    decide(fields);
  },
  finish(fields) {
    if (fields.reason !== "conceded") cast(fields.shown);
  },
  refuse(fields) {
    game.acting = false;
    note(fields.advice, true);
  },
  concede(fields) {
    tell(`${nameOf(fields.player)} gives up.`);
  },
  say(fields) {
    if (typer === fields.player) sayTyping("");
    tell(`${nameOf(fields.player)}: ${fields.text}`, "said");
  },
  hand_over: () => tell("The server that runs the battle hands it over.", "aside-line"),
  orphan: () => tell("The server that ran the battle is gone: another one takes it over.", "aside-line"),
};

function decide(fields) {
  game.acting = false;
  game.acts = fields.acts?.[0] ?? "";
  game.turnEnds = fields.turn_ends_at ? Date.parse(fields.turn_ends_at) : 0;
  game.turnLasts = Math.max(1, game.turnEnds - now());
  note("");
  showBoard();
}

function cast(shown) {
  if (!shown) return;
  game.wizards = shown.wizards;
  const who = nameOf(shown.player);
  const kind = game.spells[shown.spell]?.on;
  if (shown.spell === "nothing") tell(`${who} lets the turn pass.`);
  else if (kind === "shield") tell(`${who} raises a shield.`);
  else if (kind === "self") tell(`${who} casts ${shown.spell}, and wins ${shown.effect} life back.`);
  else tell(`${who} casts ${shown.spell}, which takes ${shown.effect} life.`);
}

// ------------------------------------------------------------------------------------ what is shown

function show(id) {
  if (!the(id).hidden) return;
  for (const section of ["enter", "waiting", "offer", "battle"]) the(section).hidden = section !== id;
  (id === "enter" ? the("name") : the(id).querySelector("h2")).focus();
}

function note(text, isBad = false) {
  the("note").textContent = text;
  the("note").classList.toggle("bad", isBad);
}

function made(tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

function tell(text, className) {
  const log = the("log");
  log.append(made("p", text, className));
  log.scrollTop = log.scrollHeight;
}

const opponent = () => game.players.find((player) => player !== game.me) ?? "";

function beginBattle(battle) {
  Object.assign(game, { battle, cursor: 0, alone: false, paused: false, queued: false, wizards: [], acts: "", acting: false, offer: "" });
  game.away.clear();
  the("log").replaceChildren();
  the("result").hidden = true;
  the("deciding").hidden = the("saying").hidden = the("give-up").hidden = false;
  keep();
}

function bar(label, value, most, className) {
  const progress = made("progress", "", className);
  Object.assign(progress, { max: most, value });
  const element = made("label", `${label} ${value}`);
  element.append(progress);
  return element;
}

function showWizard(element, wizard) {
  const isMe = wizard.player === game.me;
  const signs = made("p", "", "signs");
  if (wizard.shielded) signs.append(made("span", "shield", "pill quiet"));
  if (game.away.has(wizard.player)) signs.append(made("span", "connection lost", "pill bad"));
  element.replaceChildren(
    made("h3", nameOf(wizard.player) + (isMe ? " (you)" : "")),
    bar("Life", wizard.life, 100, wizard.life <= 30 ? "life low" : "life"),
    bar("Mana", wizard.mana, 50, "mana"),
    signs,
  );
  element.classList.toggle("acts", wizard.player === game.acts);
}

const EFFECTS = {
  other: (spell) => `takes ${spell.least} to ${spell.most} life`,
  self: (spell) => `${spell.least} to ${spell.most} life back`,
  shield: () => "halves the next hit",
};

const mana = () => game.wizards.find((wizard) => wizard.player === game.me)?.mana ?? 0;
const mayCast = (spell) => game.acts === game.me && !game.acting && spell.mana <= mana();

// Buttons stay the same ones, and can be reached while they are of no use: who goes by keyboard keeps the place.
function showSpells() {
  const buttons = the("spells");
  for (const [name, spell] of Object.entries(game.spells)) {
    let button = buttons.querySelector(`[data-spell="${CSS.escape(name)}"]`);
    if (!button) {
      button = made("button", "");
      button.dataset.spell = name;
      button.append(made("b", name), made("span", EFFECTS[spell.on](spell)), made("span", `${spell.mana} mana`));
      buttons.append(button);
    }
    button.setAttribute("aria-disabled", String(!mayCast(spell)));
  }
}

function showBoard() {
  for (const wizard of game.wizards) showWizard(the(wizard.player === game.me ? "own" : "other"), wizard);
  showSpells();
  const turn =
    !game.acts ? "" : game.acts !== game.me ? `${nameOf(game.acts)} decides` : game.acting ? "Casting" : "Your turn";
  if (the("turn").textContent !== turn) the("turn").textContent = turn;
  document.title = turn ? `${turn} · Wizards` : "Wizards";
  tick();
}

const ENDED_BY = {
  conceded: "One of the two gave up, or did not come back in time.",
  no_life_left: "One of the two has no life left.",
  too_many_turns: "It took too many turns: whoever has more life wins.",
  nobody_runs_it: "No server was there to run it. Nobody has lost.",
  took_too_long: "It took too long. Nobody has lost.",
};

function showEnd(told) {
  const place = told.places?.[told.players.indexOf(game.me)];
  const isDraw = told.places && new Set(told.places).size === 1;
  const [title, text] = [the("result").querySelector("h2"), the("result").querySelector("p")];
  title.textContent = !told.places ? "The battle was broken off" : isDraw ? "A draw" : place === 1 ? "You won" : "You lost";
  text.textContent = ENDED_BY[told.reason] ?? `The reason: ${told.reason.replaceAll("_", " ")}.`;
  Object.assign(game, { battle: "", acts: "", acting: false });
  changed = Date.now();
  asked.clear();
  sayTyping("");
  show("battle");
  the("deciding").hidden = the("saying").hidden = the("give-up").hidden = true;
  the("result").hidden = false;
  showBoard();
  title.focus();
  keep();
}

let typer = "";
let typed = 0;

function sayTyping(player) {
  clearTimeout(typed);
  typer = player;
  the("typing").textContent = player && `${nameOf(player)} is typing`;
  if (player) typed = setTimeout(sayTyping, 3 * SECOND, "");
}

function tick() {
  const seconds = (ends) => Math.max(0, Math.ceil((ends - now()) / SECOND));
  the("confirm-left").textContent = seconds(game.confirmEnds);
  the("seconds").textContent = game.acts && game.turnEnds ? `${seconds(game.turnEnds)} s` : "";
  the("left").value = game.acts && game.turnEnds ? Math.max(0, game.turnEnds - now()) / game.turnLasts : 0;
}

function home() {
  Object.assign(game, { queued: false, battle: "", offer: "" });
  keep();
  show("enter");
}

// ------------------------------------------------------------------------------------ what one does

function find() {
  game.queued = true;
  keep();
  note("");
  if (socket?.readyState === WebSocket.OPEN) ask({ type: "join", level: game.level });
  else call();
}

function castSpell(name) {
  if (!Object.hasOwn(game.spells, name) || !mayCast(game.spells[name])) return;
  game.acting = true;
  showBoard();
  ask({ type: "act", battle: game.battle, id: newId(), move: { spell: name } });
}

the("entering").addEventListener("submit", (event) => {
  event.preventDefault();
  const [name, at] = [the("name").value.trim(), Number(the("server").value)];
  if (name !== game.name || at !== game.at) hangUp();
  Object.assign(game, { name, at, level: Number(the("level").value) });
  find();
});
the("leave").addEventListener("click", () => ask({ type: "leave" }));
the("confirm").addEventListener("click", () => {
  ask({ type: "confirm", battle: game.offer });
  the("confirm").hidden = true;
  the("confirmed").textContent = "You have confirmed; the other one has not yet.";
  the("decline").focus();
});
the("decline").addEventListener("click", () => ask({ type: "decline", battle: game.offer }));
the("again").addEventListener("click", find);
the("change").addEventListener("click", home);
the("give-up").addEventListener("click", () => {
  if (confirm("Give the battle up?")) ask({ type: "leave", battle: game.battle });
});
the("spells").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) castSpell(button.dataset.spell);
});
the("saying").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = the("text").value.trim();
  if (text) ask({ type: "say", battle: game.battle, id: newId(), text });
  the("text").value = "";
});

let toldTyping = 0;
the("text").addEventListener("input", () => {
  if (!the("text").value || Date.now() - toldTyping < 2 * SECOND) return;
  toldTyping = Date.now();
  send({ type: "signal", battle: game.battle, data: { typing: true } });
});
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select") || event.ctrlKey || event.altKey || event.metaKey) return;
  const name = Object.keys(game.spells)[Number(event.key) - 1];
  if (name && !the("battle").hidden) castSpell(name);
});
addEventListener("offline", () => socket?.close());
addEventListener("online", () => { if (wasLost && socket === null) call(); });

servers.forEach((address, number) => the("server").append(new Option(new URL(address).host, number)));
the("choice").hidden = servers.length < 2;
the("name").value = game.name;
the("level").value = game.level;
the("server").value = game.at % servers.length;
setInterval(tick, 250);
if (game.name && (game.queued || game.battle)) call();
