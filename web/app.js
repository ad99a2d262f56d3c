// The page: chats, answers as they stream in, and the nodes that the topology shows.
import {ChatStore} from "./chats.js";

const byId = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function storageNamed(name) {
  try {
    return window[name];
  } catch {
    return null;  // the browser's settings forbid it
  }
}

// The value last set in this tab, or else the one last set in this browser.
function recall(key) {
  return storageNamed("sessionStorage")?.getItem(key) ?? storageNamed("localStorage")?.getItem(key) ?? null;
}

function remember(key, value) {
  for (const storage of [storageNamed("sessionStorage"), storageNamed("localStorage")]) {
    try {
      storage?.setItem(key, value);
    } catch {
      // The storage is full: only the next visit does not find what was set.
    }
  }
}

// --- chats -------------------------------------------------------------------------------------------------

const OPEN_CHAT = "shoal.open";  // key of the open chat's id; empty for a new chat

const store = new ChatStore(storageNamed("localStorage"));
let current = null;

function openChat(chat) {
  current = chat;
  remember(OPEN_CHAT, chat ? chat.id : "");
  showPanel("");
  renderChats();
  renderMessages();
  follow();
}

function deleteChat(chat) {
  store.remove(chat);
  forget(chat);
}

// Neither shows nor answers a chat any more that was deleted here or in another tab.
function forget(chat) {
  if (answering?.chat === chat) stopAnswer();
  if (current === chat) openChat(null);
  renderChats();
}

function saveChat(chat) {
  if (!store.save(chat)) forget(chat);
  renderTrouble();
}

function renderTrouble() {
  byId("trouble").textContent = store.trouble;
  byId("trouble").hidden = store.trouble === "";
}

function renderChats() {
  byId("chat-list").replaceChildren(...store.chats.map((chat) => {
    const open = element("button", {type: "button", className: "open", textContent: chat.title, title: chat.title});
    if (chat === current) open.setAttribute("aria-current", "true");
    open.addEventListener("click", () => openChat(chat));
    const remove = element("button", {type: "button", className: "delete", textContent: "×"});
    remove.setAttribute("aria-label", `Delete ${chat.title}`);
    remove.addEventListener("click", () => deleteChat(chat));
    return element("li", {}, open, remove);
  }));
  renderTrouble();
}

// Handles what another tab has written.
function takeChange(event) {
  if (event.storageArea !== storageNamed("localStorage") || !store.take(event.key, event.newValue)) return;
  if (answering && !store.chats.includes(answering.chat)) stopAnswer();
  if (current && !store.chats.includes(current)) return openChat(null);
  renderChats();
  if (current && event.key?.endsWith(current.id)) renderMessages();
}

// --- messages ----------------------------------------------------------------------------------------------

// Renders text, with everything between ``` lines as code.
function renderText(text) {
  return text.split(/^```[^\n]*$/m).map((part, index) => index % 2 === 0
    ? element("div", {className: "text", textContent: part.replace(/^\n|\n$/g, "")})
    : element("pre", {}, element("code", {textContent: part.replace(/^\n/, "")})));
}

function fillMessage(node, message) {
  node.replaceChildren(...renderText(message.content));
  if (message.thinking) node.prepend(element("div", {className: "note text", textContent: message.thinking}));
  if (message.error) node.append(element("div", {className: "error text", textContent: message.error}));
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
  if (follows) scrollDown();
}

// Whether the end is kept in sight: until the reader scrolls away from it, whatever grows or shrinks.
let follows = true;

function scrollDown() {
  const box = byId("messages");
  box.scrollTop = box.scrollHeight;
}

function follow() {
  follows = true;
  scrollDown();
}

function noteScroll() {
  const box = byId("messages");
  follows = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
}

// --- one answer --------------------------------------------------------------------------------------------

let answering = null;  // {chat, message, controller}

function stopAnswer() {
  if (answering) answering.controller.abort();
}

function setAnswering(answer) {
  answering = answer;
  byId("send").hidden = answer !== null;
  byId("stop").hidden = answer === null;
}

const LEFT_NOTE = "cut off: the page was left before the answer ended";

// Keeps what has come so far when the page is left. The stream breaks a moment later, which then is no error.
function leaveAnswer() {
  if (!answering) return;
  answering.isLeft = true;
  const {chat, message} = answering;
  message.note = LEFT_NOTE;
  delete message.open;
  saveChat(chat);
}

// Gives the lines of a response, which are server-sent events and comments.
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
      stream_options: {include_usage: true, include_progress: true},
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

// The messages that the model is told: questions that got no answer are left out.
function historyOf(messages) {
  return messages.filter(({content}, index) => {
    const isUnanswered = messages[index + 1]?.role === "assistant" && messages[index + 1].content === "";
    return content !== "" && !isUnanswered;
  });
}

// What the answer is waiting for, and for how long.
class Waiting {
  what = "waiting";
  started = performance.now();

  take(comment) {
    if (comment !== "waiting") this.what = comment.replace(/^reading (\d+)/, "reading the prompt: $1");
  }

  // The node has the prompt; the answer begins when the model has read it.
  accepted() {
    if (!this.what.startsWith("reading")) this.what = "reading the prompt";
  }

  get note() {
    const seconds = Math.floor((performance.now() - this.started) / 1000);
    return seconds < 2 ? `${this.what} …` : `${this.what}, ${seconds} s …`;
  }
}

async function send(text) {
  if (!current) {
    current = store.create(text.slice(0, 60));
    remember(OPEN_CHAT, current.id);
  }
  const chat = current;
  store.add(chat, {role: "user", content: text});
  const history = historyOf(chat.messages);
  const message = store.add(chat, {role: "assistant", content: "", note: "waiting …", open: Date.now()});
  const controller = new AbortController();
  setAnswering({chat, message, controller});
  saveChat(chat);
  renderChats();
  renderMessages();
  follow();

  const waiting = new Waiting();
  let firstAt = null;
  let pieces = 0;
  const show = () => {
    if (current !== chat) return;  // another chat is shown
    fillMessage(byId("messages").children[chat.messages.indexOf(message)], message);
    if (follows) scrollDown();
  };
  const tick = () => {
    if (firstAt === null) message.note = waiting.note;
    message.open = Date.now();
    saveChat(chat);
    show();
  };
  const ticking = setInterval(tick, 1000);
  try {
    await ask(history, controller.signal, (piece, thinking, usage) => {
      const now = performance.now();
      if (piece !== "" || thinking !== "") {
        firstAt ??= now;
        ++pieces;
        message.content += piece;
        message.thinking = (message.thinking ?? "") + thinking;
        message.note = "";
      } else if (firstAt === null) {
        waiting.accepted();
      }
      const count = usage ? usage.completion_tokens : pieces;
      const seconds = firstAt === null ? 0 : (now - firstAt) / 1000;
      if (seconds > 0 && count > 1) byId("speed").textContent = `${((count - 1) / seconds).toFixed(1)} tokens/s`;
      if (usage && firstAt !== null) {
        message.note = `${count} tokens, first after ${((firstAt - waiting.started) / 1000).toFixed(2)} s, ` +
          byId("speed").textContent;
      }
      show();
    }, (comment) => {
      waiting.take(comment);
      if (firstAt === null) message.note = waiting.note;
      show();
    });
  } catch (error) {
    if (controller.signal.aborted) {
      message.note = "stopped";
    } else if (!answering.isLeft) {
      message.note = "";
      message.error = error.message;
    }
  }
  clearInterval(ticking);
  delete message.open;
  setAnswering(null);
  if (store.chats.includes(chat)) saveChat(chat);
  show();
}

// --- models and nodes --------------------------------------------------------------------------------------

async function getJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await explainRefusal(response));
  return response.json();
}

const CHOSEN_MODEL = "shoal.model";
let shownModels = "";

// Replaces the list only when it changes, so that an open list stays open.
async function refreshModels() {
  const [{data}, {default_model: defaultModel}] = await Promise.all([getJson("/v1/models"), getJson("/v1/status")]);
  if (JSON.stringify(data) === shownModels) return;
  shownModels = JSON.stringify(data);
  const select = byId("model");
  const isThere = (id) => data.some((model) => model.id === id);
  const loaded = data.filter((model) => model.ready).map(({id}) => id);
  const preferred = loaded.includes(defaultModel) || loaded.length === 0 ? defaultModel : loaded[0];
  const wanted = [select.value, recall(CHOSEN_MODEL), preferred].find(isThere);
  select.replaceChildren(...data.map((model) =>
    element("option", {value: model.id, textContent: model.ready ? `${model.id} (loaded)` : model.id})));
  if (wanted) select.value = wanted;
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

const timeOf = (date) => date.toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", second: "2-digit"});

function renderNode(id, {node, isOwn, goneAt}) {
  const used = node.memory_bytes - node.free_bytes;
  const memory = element("progress", {max: Math.max(node.memory_bytes, 1), value: used});
  memory.setAttribute("aria-label", `Memory of ${id}`);
  const device = [node.model, node.chip, `${node.cores} cores`, node.isa].filter(Boolean).join(", ");
  const card = element("li", {className: "node"},
    element("h3", {textContent: isOwn ? `${id} (this node)` : id}),
    element("p", {textContent: device}));
  if (goneAt) {
    card.classList.add("gone");
    card.append(element("p", {className: "error", textContent: `gone since ${timeOf(goneAt)}`}));
    return card;
  }
  card.append(
    element("p", {textContent: `${gigabytes(used)} of ${gigabytes(node.memory_bytes)} used, reads ` +
      `${(node.read_bandwidth / 1e9).toFixed(1)} GB/s`}),
    memory,
    ...(node.shards.length > 0 ? node.shards.flatMap(renderShard)
                               : [element("p", {textContent: "no layers"})]));
  return card;
}

// --- nodes that were seen: id → {node, isOwn, goneAt?}. One that is gone is shown for ten minutes.

const GONE_FOR_MS = 600000;
const seen = new Map();
let lastHeardAt = null;  // the last answer of the node that serves this page

function renderNodes(unreachable) {
  const cards = [...seen];
  const gone = cards.filter(([, {goneAt}]) => goneAt).length;
  const here = cards.length - gone;
  const count = here === 1 ? "1 node" : `${here} nodes`;
  const title = gone > 0 ? `${count}, ${gone} gone` : count;
  byId("cluster-title").textContent = title;
  byId("show-cluster").textContent = title;
  byId("nodes").replaceChildren(...cards.map(([id, card]) => renderNode(id, card)), ...unreachable.map(renderUnreachable));
}

// Renders a node that is known but not connected.
function renderUnreachable(peer) {
  return element("li", {className: "node unreachable"},
    element("h3", {textContent: `${peer.node_id} cannot be reached`}),
    element("p", {textContent: `${peer.address}, for ${peer.seconds} s: ${peer.problem}`}),
    ...(peer.advice ? [element("p", {textContent: `To try: ${peer.advice}.`})] : []));
}

async function refreshCluster() {
  const topology = await getJson("/v1/topology");
  lastHeardAt = new Date();
  for (const [id, card] of seen) {
    if (topology.nodes[id]) continue;
    card.goneAt ??= lastHeardAt;
    if (lastHeardAt - card.goneAt > GONE_FOR_MS) seen.delete(id);
  }
  for (const [id, node] of Object.entries(topology.nodes)) {
    seen.set(id, {node, isOwn: id === topology.active_node_id});
  }
  renderNodes(topology.unreachable ?? []);
}

// Says that the node that serves this page does not answer, so that nothing is known of any node.
function noteUnreachable(error) {
  const since = lastHeardAt ? ` since ${timeOf(lastHeardAt)}; the nodes are shown as they were then` : "";
  byId("cluster-error").textContent = `This node cannot be reached${since}: ${error.message}`;
  byId("show-cluster").textContent = "not reached";
}

async function refresh() {
  let error = null;
  try {
    await Promise.all([refreshModels(), refreshCluster()]);
  } catch (problem) {
    error = problem;
    noteUnreachable(problem);
  }
  byId("cluster-error").hidden = error === null;
  byId("nodes").classList.toggle("stale", error !== null);
  if (current && store.settle(current, LEFT_NOTE)) renderMessages();
  setTimeout(refresh, 2000);
}

// --- a small screen: one panel at a time, and less height while a keyboard is shown -------------------------

// `name` is "chats", "cluster", or "" for neither.
function showPanel(name) {
  for (const panel of ["chats", "cluster"]) {
    byId(panel).classList.toggle("shown", panel === name);
    byId(`show-${panel}`).setAttribute("aria-expanded", String(panel === name));
  }
}

function togglePanel(name) {
  showPanel(byId(name).classList.contains("shown") ? "" : name);
}

// Fits the page above an on-screen keyboard; some browsers lay that over the page without shrinking it.
function fitScreen() {
  const {height, offsetTop, scale} = window.visualViewport;
  if (scale > 1.01) return;  // the reader has zoomed in
  document.body.style.setProperty("--height", `${height}px`);
  document.body.style.setProperty("--top", `${offsetTop}px`);
}

// --- start -------------------------------------------------------------------------------------------------

byId("new-chat").addEventListener("click", () => {
  openChat(null);
  byId("prompt").focus();
});
byId("stop").addEventListener("click", stopAnswer);
byId("model").addEventListener("change", () => remember(CHOSEN_MODEL, byId("model").value));
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
byId("messages").addEventListener("scroll", noteScroll, {passive: true});
new ResizeObserver(() => follows && scrollDown()).observe(byId("messages"));
byId("show-chats").addEventListener("click", () => togglePanel("chats"));
byId("show-cluster").addEventListener("click", () => togglePanel("cluster"));
if (window.visualViewport) {
  for (const change of ["resize", "scroll"]) window.visualViewport.addEventListener(change, fitScreen);
}
window.addEventListener("storage", takeChange);
window.addEventListener("pagehide", leaveAnswer);
openChat(recall(OPEN_CHAT) === "" ? null : store.find(recall(OPEN_CHAT)) ?? store.chats[0] ?? null);
if (matchMedia("(min-width: 60rem)").matches) byId("prompt").focus();  // a keyboard would cover half of a phone
refresh();
