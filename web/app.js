// The page: chats kept in this browser, answers as they stream in, the nodes as the topology tells them.
"use strict";

const byId = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// --- chats, newest first: {id, title, messages: [{role, content, note?, error?}]} --------------------------

const STORE = "shoal.chats";
let chats = loadChats();
let current = null;

function loadChats() {
  try {
    const stored = JSON.parse(localStorage.getItem(STORE));
    return Array.isArray(stored) ? stored : [];
  } catch {
    return [];
  }
}

function saveChats() {
  chats = chats.slice(0, 100);
  try {
    localStorage.setItem(STORE, JSON.stringify(chats));
  } catch {
    // The browser's room is full or closed to us; the chats stay for as long as the page is open.
  }
}

function openChat(chat) {
  current = chat;
  renderChats();
  renderMessages();
  byId("prompt").focus();
}

function deleteChat(chat) {
  chats = chats.filter((other) => other !== chat);
  saveChats();
  if (current === chat) stopAnswer();
  openChat(current === chat ? null : current);
}

function renderChats() {
  byId("chat-list").replaceChildren(...chats.map((chat) => {
    const open = element("button", {type: "button", className: "open", textContent: chat.title, title: chat.title});
    if (chat === current) open.setAttribute("aria-current", "true");
    open.addEventListener("click", () => openChat(chat));
    const remove = element("button", {type: "button", className: "delete", textContent: "×"});
    remove.setAttribute("aria-label", `Delete ${chat.title}`);
    remove.addEventListener("click", () => deleteChat(chat));
    return element("li", {}, open, remove);
  }));
}

// --- messages ----------------------------------------------------------------------------------------------

// Text, with what stands between ``` lines as code.
function renderText(text) {
  return text.split(/^```[^\n]*$/m).map((part, index) => index % 2 === 0
    ? element("div", {className: "text", textContent: part.replace(/^\n|\n$/g, "")})
    : element("pre", {}, element("code", {textContent: part.replace(/^\n/, "")})));
}

function fillMessage(node, message) {
  node.replaceChildren(...renderText(message.content));
  if (message.thinking) node.prepend(element("div", {className: "note text", textContent: message.thinking}));
  if (message.error) node.append(element("div", {className: "error", textContent: message.error}));
  if (message.note) node.append(element("div", {className: "note", textContent: message.note}));
}

function renderMessages() {
  const messages = current ? current.messages : [];
  const nodes = messages.map((message) => {
    const node = element("div", {className: `message ${message.role}`});
    fillMessage(node, message);
    return node;
  });
  if (nodes.length === 0) nodes.push(element("p", {className: "empty", textContent: "What would you like to know?"}));
  byId("messages").replaceChildren(...nodes);
  scrollDown();
}

function scrollDown() {
  const box = byId("messages");
  box.scrollTop = box.scrollHeight;
}

function isAtEnd() {
  const box = byId("messages");
  return box.scrollHeight - box.scrollTop - box.clientHeight < 80;
}

// --- one answer --------------------------------------------------------------------------------------------

let answering = null;  // its AbortController

function stopAnswer() {
  if (answering) answering.abort();
}

function setAnswering(controller) {
  answering = controller;
  byId("send").hidden = controller !== null;
  byId("stop").hidden = controller === null;
}

// Server-sent events and comments, one line at a time.
async function* readLines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}

async function explainRefusal(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return `the node answered ${response.status}`;
  }
}

async function ask(messages, signal, onPiece, onComment) {
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({
      model: byId("model").value || undefined,
      stream: true,
      stream_options: {include_usage: true},
      messages: messages.map(({role, content}) => ({role, content})),
    }),
    signal,
  });
  if (!response.ok) throw new Error(await explainRefusal(response));
  for await (const line of readLines(response)) {
    if (line.startsWith(": ")) onComment(line.slice(2));
    if (!line.startsWith("data: ")) continue;
    if (line === "data: [DONE]") return;
    const event = JSON.parse(line.slice(6));
    if (event.error) throw new Error(event.error.message);
    const delta = event.choices[0]?.delta;
    onPiece(delta?.content ?? "", delta?.reasoning_content ?? "", event.usage);
  }
  throw new Error("the stream ended before the answer did");
}

async function send(text) {
  if (!current) {
    current = {id: crypto.randomUUID?.() ?? String(Date.now()), title: text.slice(0, 60), messages: []};
    chats.unshift(current);
  }
  const chat = current;
  chat.messages.push({role: "user", content: text});
  const history = chat.messages.filter((message) => message.content !== "");
  const answer = {role: "assistant", content: ""};
  chat.messages.push(answer);
  renderChats();
  renderMessages();

  const started = performance.now();
  let firstAt = null;
  let pieces = 0;
  const show = () => {
    if (current !== chat) return;  // another chat is being looked at
    const follows = isAtEnd();
    fillMessage(byId("messages").lastElementChild, answer);
    if (follows) scrollDown();
  };
  answer.note = "waiting …";
  show();

  const controller = new AbortController();
  setAnswering(controller);
  try {
    await ask(history, controller.signal, (piece, thinking, usage) => {
      const now = performance.now();
      if (piece !== "" || thinking !== "") {
        firstAt ??= now;
        ++pieces;
        answer.content += piece;
        answer.thinking = (answer.thinking ?? "") + thinking;
      }
      const count = usage ? usage.completion_tokens : pieces;
      const seconds = firstAt === null ? 0 : (now - firstAt) / 1000;
      if (seconds > 0 && count > 1) byId("speed").textContent = `${((count - 1) / seconds).toFixed(1)} tokens/s`;
      answer.note = usage && firstAt !== null
        ? `${count} tokens, first after ${((firstAt - started) / 1000).toFixed(2)} s, ${byId("speed").textContent}`
        : "";
      show();
    }, (comment) => {
      answer.note = `${comment} …`;
      show();
    });
  } catch (error) {
    answer.note = controller.signal.aborted ? "stopped" : "";
    if (!controller.signal.aborted) answer.error = error.message;
  }
  setAnswering(null);
  show();
  saveChats();
}

// --- models and nodes --------------------------------------------------------------------------------------

async function getJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await explainRefusal(response));
  return response.json();
}

let shownModels = "";

// Replaced only when it changes, so that an open list stays open.
async function refreshModels() {
  const {data} = await getJson("/v1/models");
  if (JSON.stringify(data) === shownModels) return;
  shownModels = JSON.stringify(data);
  const select = byId("model");
  const wanted = select.value || localStorage.getItem("shoal.model") || data.find((model) => model.ready)?.id;
  select.replaceChildren(...data.map((model) =>
    element("option", {value: model.id, textContent: model.ready ? `${model.id} (loaded)` : model.id})));
  if (data.some((model) => model.id === wanted)) select.value = wanted;
}

const gigabytes = (bytes) => `${(bytes / 2 ** 30).toFixed(1)} GB`;

function renderShard(shard) {
  const total = Math.max(shard.bytes_total, 1);
  const loading = shard.loaded ? "" : `, loading ${Math.floor(100 * shard.bytes_loaded / total)} %`;
  const text = `${shard.model}: layers ${shard.first_layer}–${shard.last_layer}${shard.head ? ", head" : ""}${loading}`;
  const parts = [element("p", {className: "shard", textContent: text})];
  if (!shard.loaded) {
    const bar = element("progress", {max: total, value: shard.bytes_loaded});
    bar.setAttribute("aria-label", `Loading ${shard.model}`);
    parts.push(bar);
  }
  return parts;
}

function renderNode(id, node, isOwn) {
  const used = node.memory_bytes - node.free_bytes;
  const memory = element("progress", {max: Math.max(node.memory_bytes, 1), value: used});
  memory.setAttribute("aria-label", `Memory of ${id}`);
  const device = [node.model, node.chip, `${node.cores} cores`, node.isa].filter(Boolean).join(", ");
  return element("li", {className: "node"},
    element("h3", {textContent: isOwn ? `${id} (this node)` : id}),
    element("p", {textContent: device}),
    element("p", {textContent: `${gigabytes(used)} of ${gigabytes(node.memory_bytes)} used, reads ` +
      `${(node.read_bandwidth / 1e9).toFixed(1)} GB/s`}),
    memory,
    ...(node.shards.length > 0 ? node.shards.flatMap(renderShard)
                               : [element("p", {textContent: "no layers"})]));
}

async function refreshCluster() {
  const topology = await getJson("/v1/topology");
  const nodes = Object.entries(topology.nodes);
  byId("cluster-title").textContent = nodes.length === 1 ? "1 node" : `${nodes.length} nodes`;
  byId("nodes").replaceChildren(...nodes.map(([id, node]) => renderNode(id, node, id === topology.active_node_id)));
}

async function refresh() {
  const box = byId("cluster-error");
  try {
    await Promise.all([refreshModels(), refreshCluster()]);
    box.hidden = true;
  } catch (error) {
    box.textContent = `The node cannot be reached: ${error.message}`;
    box.hidden = false;
  }
  setTimeout(refresh, 2000);
}

// --- start -------------------------------------------------------------------------------------------------

byId("new-chat").addEventListener("click", () => openChat(null));
byId("stop").addEventListener("click", stopAnswer);
byId("model").addEventListener("change", () => localStorage.setItem("shoal.model", byId("model").value));
byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("prompt").value.trim();
  if (text === "" || answering) return;
  byId("prompt").value = "";
  send(text);
});
byId("prompt").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("composer").requestSubmit();
});
openChat(null);
refresh();
