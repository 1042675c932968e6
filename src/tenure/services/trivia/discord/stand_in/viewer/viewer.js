// One channel as one member sees it. The server tells all of it anew at every change; what people type stays theirs.
"use strict";

const $ = (id) => document.getElementById(id);
const wanted = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
let view = null, socket = null, local = [], latest = {};

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

// ---------------------------------------------------------------- the server

function connect() {
  if (socket) { socket.onclose = null; socket.close(); }
  const at = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/viewer/live`;
  socket = new WebSocket(`${at}?${new URLSearchParams(wanted)}`);
  socket.onmessage = (event) => { view = JSON.parse(event.data); showUnpressed(); };
  socket.onclose = () => { $("link").textContent = "the stand-in has gone"; $("link").className = ""; setTimeout(connect, 1000); };
}

function go(changes) {
  Object.assign(wanted, changes);
  history.replaceState(null, "", `#${new URLSearchParams(wanted)}`);
  connect();
}

async function control(name, body) {
  const answer = await fetch(`/control/${name}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) say(told.problem);
  return answer.ok ? told : null;
}

const here = () => ({ guild: view.guild, channel: view.channel, member: view.member });

function say(problem) {
  local.push({ problem, ...here(), after: view.messages.at(-1)?.id ?? "0" });
  show();
}

// ---------------------------------------------------------------- showing

// Not under a button that is pressed: a click on what was replaced since it went down would be none.
let isLate = false;

function showUnpressed() {
  isLate = document.querySelector("button:active") !== null;
  if (!isLate) show();
}

for (const end of ["pointerup", "pointercancel", "keyup"]) {
  addEventListener(end, () => setTimeout(() => { if (isLate) showUnpressed(); }));
}

function show() {
  const guild = view.guilds.find((one) => one.id === view.guild);
  $("link").textContent = view.bot.connected ? `${view.bot.name} is here` : `${view.bot.name} is not connected`;
  $("link").className = view.bot.connected ? "good" : "";
  $("guilds").replaceChildren(...view.guilds.map((one) => make("button", {
    title: one.has_bot ? one.name : `${one.name}, without the bot`, "aria-label": one.name, class: one.has_bot ? "" : "without",
    "aria-current": one.id === view.guild && "true", onclick: () => go({ guild: one.id, channel: "", member: "" }),
  }, one.name.split(/\s+/).map((word) => word[0]).join("").slice(0, 3))));
  if (!guild) return;
  $("guild").textContent = guild.name;
  const channel = guild.channels.find((one) => one.id === view.channel);
  $("channels").replaceChildren(...guild.channels.map((one) => make("button", {
    "aria-current": one.id === view.channel && "page", onclick: () => go({ channel: one.id }),
  }, one.name)));
  $("member").replaceChildren(...guild.members.map((one) => make("option", {
    value: one.id, selected: one.id === view.member,
  }, one.name + (one.manages ? " (manages)" : ""))));
  $("channel").textContent = channel.name;
  document.title = `#${channel.name} · ${guild.name}`;
  const lacks = { view_channel: "see this channel", send_messages: "post here" };
  $("denied").textContent = view.denied.length ? `The bot may not ${view.denied.map((one) => lacks[one]).join(" or ")}.` : "";
  $("text").setAttribute("placeholder", `Write in #${channel.name}, or type / for a command`);
  const list = $("messages"), atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  list.replaceChildren(...lines());
  if (atEnd || latest.channel !== view.channel) list.scrollTop = list.scrollHeight;
  latest = { channel: view.channel };
}

function lines() {
  const mine = local.filter((one) => one.channel === view.channel && one.member === view.member);
  const shown = view.messages.map((one) => [BigInt(one.id), message(one)]);
  for (const one of mine) shown.push([BigInt(one.after), problem(one)]);
  return shown.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)).map((one) => one[1]);
}

function problem(one) {
  const dismiss = make("button", { class: "plain", onclick: () => { local = local.filter((other) => other !== one); show(); } }, "dismiss");
  return make("li", { class: "private" }, make("span", { class: "avatar" }, "!"),
    make("div", { class: "failed" }, one.problem), make("div", { class: "only" }, "Only you can see this · ", dismiss));
}

function message(one) {
  const name = one.author.global_name ?? one.author.username;
  const asked = one.asked_by && make("div", { class: "reply" }, one.command ? `${one.asked_by} used /${one.command}` : `in answer to ${one.asked_by}`);
  const thinking = (one.flags & 128) !== 0;
  return make("li", { class: one.private ? "private" : "", "data-message": one.id },
    make("span", { class: `avatar c${Number(BigInt(one.author.id) % 5n)}`, "aria-hidden": "true" }, name[0].toUpperCase()),
    make("div", { class: "body" }, asked || null,
      make("div", {}, make("span", { class: "who" }, name), one.author.bot ? make("span", { class: "tag" }, "APP") : null,
        make("time", { class: "when", datetime: one.timestamp }, new Date(one.timestamp).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }))),
      thinking ? make("div", { class: "reply" }, `${name} is thinking…`) : null,
      one.content ? make("div", { class: "content" }, ...formatted(one.content), one.edited_timestamp ? make("span", { class: "edited" }, " (edited)") : null) : null,
      ...one.embeds.map(embed),
      ...one.components.map((row) => make("div", { class: "row" }, ...row.components.map((part) => button(one, part)))),
      one.private ? make("div", { class: "only" }, "Only you can see this") : null));
}

function embed(of) {
  const made = make("article", { class: "embed" },
    of.author ? make("div", {}, of.author.name) : null,
    of.title ? make("strong", { class: "title" }, ...formatted(of.title)) : null,
    of.description ? make("div", { class: "content" }, ...formatted(of.description)) : null,
    of.fields?.length ? make("div", { class: "fields" }, ...of.fields.map((one) =>
      make("div", { class: one.inline ? "inline" : "" }, make("b", {}, ...formatted(one.name)), make("span", {}, ...formatted(one.value))))) : null,
    of.footer ? make("footer", {}, of.footer.text) : null);
  if (of.color) made.style.borderLeftColor = `#${of.color.toString(16).padStart(6, "0")}`;
  return made;
}

function button(of, part) {
  if (part.type !== 2) return null;
  const made = make("button", { class: `s${part.style}`, disabled: Boolean(part.disabled), type: "button" },
    `${part.emoji?.name ? part.emoji.name + " " : ""}${part.label ?? ""}`);
  made.addEventListener("click", async () => {
    made.classList.add("waiting");
    const seen = await control("click", { ...here(), message: of.id, button: part.custom_id });
    made.classList.remove("waiting");
    if (seen?.failed) say("This interaction failed");
  });
  return made;
}

// ---------------------------------------------------------------- texts

const MARKS = /\\([^\w\s])|<t:(-?\d+)(?::([tTdDfFR]))?>|<@!?(\d+)>|<#(\d+)>|<\/([^:>]+):\d+>|```(?:\w*\n)?([^]*?)```|`([^`]+)`|\*\*([^]+?)\*\*|(?<![\w*])[*_]([^\s*_][^*_]*)[*_](?![\w*])|~~([^]+?)~~/g;

function formatted(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(MARKS)) {
    if (found.index > end) parts.push(text.slice(end, found.index));
    parts.push(marked(found));
    end = found.index + found[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

function marked([, plain, at, style, user, channel, command, block, code, bold, slanted, struck]) {
  if (plain) return plain;
  if (at) return make("span", { class: "time", "data-at": at, "data-style": style ?? "f", title: new Date(at * 1000).toLocaleString() }, moment(Number(at), style ?? "f"));
  if (user) return make("span", { class: "mention" }, `@${view.names[user] ?? "unknown"}`);
  if (channel) return make("span", { class: "mention" }, `#${view.guilds.flatMap((one) => one.channels).find((one) => one.id === channel)?.name ?? "unknown"}`);
  if (command) return make("span", { class: "mention" }, `/${command}`);
  if (block ?? code) return make("code", {}, block ?? code);
  if (bold) return make("strong", {}, ...formatted(bold));
  if (struck) return make("s", {}, ...formatted(struck));
  return make("em", {}, ...formatted(slanted));
}

const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function moment(at, style) {
  const when = new Date(at * 1000);
  if (style !== "R") {
    const date = { d: "short", D: "long", f: "long", F: "full" }[style], time = { t: "short", T: "medium", f: "short", F: "short" }[style];
    return new Intl.DateTimeFormat([], { dateStyle: date, timeStyle: time }).format(when);
  }
  const left = Math.round(at - Date.now() / 1000);
  const [unit, size] = UNITS.find(([, one]) => Math.abs(left) >= one) ?? ["second", 1];
  return new Intl.RelativeTimeFormat([], { numeric: "auto" }).format(Math.round(left / size), unit);
}

setInterval(() => {
  for (const one of document.querySelectorAll(".time[data-style=R]")) one.textContent = moment(Number(one.dataset.at), "R");
}, 1000);

// ---------------------------------------------------------------- typing

let proposals = [], chosen = 0, asking = 0;

async function propose() {
  const text = $("text").value, turn = ++asking;
  const found = text.startsWith("/") ? await proposed(text) : [];
  if (turn !== asking) return;
  proposals = found; chosen = 0;
  offer();
}

async function proposed(text) {
  const command = view.commands.filter((one) => text.startsWith(`${one.words} `)).sort((a, b) => b.words.length - a.words.length)[0];
  if (!command) return view.commands.filter((one) => one.words.startsWith(text.trimEnd()))
    .map((one) => ({ shown: one.words, about: one.description, text: `${one.words} ` }));
  const [, name, value] = text.match(/(?:^|\s)([\w-]+):([^:]*)$/) ?? [];
  const option = command.options.find((one) => one.name === name);
  if (option && !/\S\s+$/.test(value)) return values(text, option, value);
  const left = command.options.filter((one) => !text.includes(` ${one.name}:`));
  return left.map((one) => ({ shown: `${one.name}:`, about: one.description + (one.required ? "" : " (optional)"), text: `${text.trimEnd()} ${one.name}:` }));
}

async function values(text, option, value) {
  const before = text.slice(0, text.length - value.length), begun = value.trim().toLowerCase();
  let choices = option.choices.map((one) => ({ name: one, value: one }));
  if (option.proposed) choices = (await control("suggest", { ...here(), text })) ?? [];
  return choices.filter((one) => option.proposed || one.name.toLowerCase().startsWith(begun))
    .filter((one) => String(one.value) !== value.trim())
    .map((one) => ({ shown: one.name, about: "", text: `${before}${one.value} ` }));
}

function offer() {
  $("proposals").replaceChildren(...proposals.map((one, place) => make("li", {
    role: "option", "aria-selected": String(place === chosen), onmousedown: (event) => { event.preventDefault(); take(one); },
  }, make("b", {}, one.shown), make("span", {}, one.about))));
}

function take(one) { $("text").value = one.text; $("text").focus(); propose(); }

$("text").addEventListener("input", propose);
$("text").addEventListener("blur", () => { proposals = []; offer(); });
$("text").addEventListener("keydown", (event) => {
  if (!proposals.length) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : -1) + proposals.length) % proposals.length;
    offer();
  } else if (event.key === "Tab") { event.preventDefault(); take(proposals[chosen]); }
  else if (event.key === "Escape") { proposals = []; offer(); }
});

$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text || !view?.guild) return;
  $("text").value = ""; asking++; proposals = []; offer();
  const seen = await control(text.startsWith("/") ? "command" : "write", { ...here(), text });
  if (!seen && text.startsWith("/")) $("text").value ||= text;
  if (seen?.failed) say(seen.failed);
});

// ---------------------------------------------------------------- what may go wrong

const POSTS = "POST /channels/*/messages";
const FAULTS = [
  ["Forbid the bot to post here", "permit", () => ({ guild: view.guild, channel: view.channel, send_messages: false })],
  ["Hide this channel from the bot", "permit", () => ({ guild: view.guild, channel: view.channel, view_channel: false })],
  ["Allow both again", "permit", () => ({ guild: view.guild, channel: view.channel, send_messages: true, view_channel: true })],
  ["Answer all requests with 503", "fail", () => ({ kind: "status", times: null })],
  ["Lose the reply to the next post", "fail", () => ({ kind: "lose_reply", route: POSTS })],
  ["Limit the next post for 20 s", "fail", () => ({ kind: "limit", route: POSTS, seconds: 20 })],
  ["Drop the gateway", "drop", () => ({})],
  ["Forget all nonces", "forget_nonces", () => ({})],
  ["Revoke the token", "revoke", () => ({})],
  ["Send the bot out of this server", "kick", () => ({ guild: view.guild })],
  ["Let the bot in again", "invite", () => ({ guild: view.guild })],
  ["Behave again", "behave", () => ({})],
];
$("faults").append(...FAULTS.map(([label, name, body]) => make("button", { type: "button", onclick: () => control(name, body()) }, label)));
$("member").addEventListener("change", () => go({ member: $("member").value }));
connect();
