// Shows how the stand-in stands, once a second, and does what is clicked. All of it goes through /control.
"use strict";

const FAULTS = [
  ["No games are shown for a minute", "fail", { kind: "not_found", endpoint: "spectator*", times: null, lasts_seconds: 60 }],
  ["429 of the application, wait 10 s", "fail", { kind: "limit", of: "application", seconds: 10 }],
  ["429 of the service for a minute, without a wait", "fail", { kind: "limit", of: "service", seconds: null, times: null, lasts_seconds: 60 }],
  ["503 for a minute", "fail", { kind: "status", status: 503, times: null, lasts_seconds: 60 }],
  ["Next 10 answers are no JSON", "fail", { kind: "malformed", how: "text", times: 10 }],
  ["Next 10 matches lack their fields", "fail", { kind: "malformed", how: "fields", endpoint: "*match-v*", times: 10 }],
  ["Next 10 connections end", "fail", { kind: "cut", times: 10 }],
  ["Timestamps are 5 minutes ahead", "skew", { seconds: 300 }],
  ["The key expires", "expire_key", {}],
  ["Behave again", "behave", {}],
];
const ENDINGS = [["win", { won: true, placement: 1 }], ["lose", { won: false, placement: 8 }], ["remake", { ending: "remake" }], ["abort", { ending: "aborted" }]];
const at = (id) => document.getElementById(id);

let acting = 0; // how much is being done now
let looks = 0;
let shown = 0; // the last look that counts: answers come in any order, and some are from before what was done

async function act(name, body) {
  acting += 1;
  try {
    const answer = await fetch(`/control/${name}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    at("problem").textContent = answer.ok ? "" : (await answer.json()).problem;
  } finally {
    acting -= 1;
    shown = looks;
  }
  await show();
}

function made(tag, text = "", of = "") {
  const one = document.createElement(tag);
  one.textContent = text;
  one.className = of;
  return one;
}

function button(text, name, body, label) {
  const one = made("button", text);
  one.type = "button";
  one.setAttribute("aria-label", label || text);
  one.dataset.key = `${name} ${JSON.stringify(body)}`;
  one.onclick = () => act(name, body);
  return one;
}

function row(cells, buttons) {
  const line = document.createElement("tr");
  for (const cell of cells) line.append(cell instanceof Node ? cell : made("td", cell));
  const last = document.createElement("td");
  last.append(...buttons);
  line.append(last);
  return line;
}

function playerRow(player) {
  const who = player.riot_id;
  const free = [["play", "lol", {}], ["play TFT", "tft", {}], ["play unseen", "lol", { hidden: true }], ["stream", "lol", { anonymous: true }]];
  const busy = ENDINGS.map(([text, how]) => button(text, "end", { match_id: player.game, ...how }, `${who}: ${text}`));
  const idle = free.map(([text, title, how]) => button(text, "start", { riot_ids: [who], title, ...how }, `${who}: ${text}`));
  return row([who, player.platform, player.game || "none"], player.game ? busy : idle);
}

function gameRow(game) {
  const state = made("td", game.state === "over" ? `over: ${game.ending}` : `${game.state}, ${game.seconds} s`, game.state);
  const data = game.has_result ? "there" : game.is_lost ? "never" : game.state === "over" ? "not yet" : "";
  const over = [
    button("show again", "show_again", { match_id: game.match_id, seconds: 60 }, `show again ${game.match_id} for a minute`),
    game.is_lost
      ? button("find", "lose", { match_id: game.match_id, lost: false }, `find ${game.match_id}`)
      : button("lose", "lose", { match_id: game.match_id }, `lose ${game.match_id}`),
  ];
  const on = [button("hide 90 s", "flap", { riot_id: game.players[0], seconds: 90, title: game.title }, `hide 90 s ${game.match_id}`)];
  return row([game.match_id, game.players.join(", "), state, game.is_shown ? "yes" : "no", data], game.state === "over" ? over : on);
}

function put(place, rows) {
  if (at(place).querySelector("button:active")) return; // a click on what was replaced under the hand would be none
  const focused = document.activeElement && document.activeElement.dataset.key;
  at(place).replaceChildren(...rows);
  if (focused) [...at(place).querySelectorAll("button")].find((one) => one.dataset.key === focused)?.focus();
}

async function show() {
  const look = (looks += 1);
  try {
    const stands = await (await fetch("/control")).json();
    if (look <= shown || acting) return;
    shown = look;
    put("players", stands.players.map(playerRow));
    put("games", stands.games.slice(0, 30).map(gameRow));
    at("none").hidden = stands.games.length > 0;
    at("themselves").checked = stands.by_themselves;
    const counted = [...Object.entries(stands.answers), ...Object.entries(stands.faults).map(([name, count]) => [`fault: ${name}`, count])];
    at("answers").replaceChildren(...counted.flatMap(([name, count]) => [made("dt", name), made("dd", String(count))]));
    at("link").textContent = stands.keys.length ? "" : "No key is valid.";
  } catch {
    at("link").textContent = "It does not answer.";
  }
}

at("add").onsubmit = (event) => {
  event.preventDefault();
  act("add_player", Object.fromEntries(new FormData(event.target)));
  event.target.elements.riot_id.value = "";
};
at("themselves").onchange = (event) => act("play_by_themselves", { on: event.target.checked });
at("faults").append(...FAULTS.map(([text, name, body]) => button(text, name, body)));
show();
setInterval(show, 1000);
