// The chats that this browser keeps, newest first: {id, title, at, messages: [{id, role, content, thinking?,
// note?, error?, open?}]}. Each has a key of its own in the storage. A message is written only by the tab
// that made it, so two tabs never overwrite each other's. `open` is the time at which a message was last
// known to grow.

const PREFIX = "shoal.chat.";
const OLD_KEY = "shoal.chats";  // this key once held all chats
const SILENT_AFTER_MS = 90000;  // a browser may let tabs in the background run only once a minute

const makeId = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

// The stored messages in their order, with ours in place of those that we write, followed by ours that are
// not stored yet.
function merge(ours, stored, own) {
  const merged = stored.map((message) => (own.has(message.id) && ours.find(({id}) => id === message.id)) || message);
  const known = new Set(stored.map(({id}) => id));
  return merged.concat(ours.filter(({id}) => own.has(id) && !known.has(id)));
}

function parseChat(text) {
  try {
    const chat = JSON.parse(text);
    return typeof chat?.id === "string" && Array.isArray(chat.messages) ? chat : null;
  } catch {
    return null;
  }
}

export class ChatStore {
  chats = [];
  trouble = "";  // why a chat cannot be kept; empty while all is well
  #storage;
  #own = new Set();     // ids of the messages that this tab writes
  #stored = new Set();  // ids of the chats that are known to be in the storage

  // `storage` is null when the browser gives none.
  constructor(storage) {
    this.#storage = storage;
    this.#attempt(() => this.#load());
  }

  create(title) {
    const chat = {id: makeId(), title, at: Date.now(), messages: []};
    this.chats.unshift(chat);
    return chat;
  }

  add(chat, message) {
    const added = {id: makeId(), ...message};
    this.#own.add(added.id);
    chat.messages.push(added);
    chat.at = Date.now();
    this.#sort();
    return added;
  }

  // False when another tab has deleted the chat, which is then removed here, too.
  save(chat) {
    let exists = true;
    this.trouble = "";
    this.#attempt(() => {
      const text = this.#storage.getItem(PREFIX + chat.id);
      exists = text !== null || !this.#stored.has(chat.id);
      if (!exists) return this.#forget(chat.id);
      chat.messages = merge(chat.messages, parseChat(text)?.messages ?? [], this.#own);
      this.#storage.setItem(PREFIX + chat.id, JSON.stringify(chat));
      this.#stored.add(chat.id);
    });
    return exists;
  }

  // Removes a chat, and saves the chats for which there was no room before.
  remove(chat) {
    this.#forget(chat.id);
    this.trouble = "";
    this.#attempt(() => this.#storage.removeItem(PREFIX + chat.id));
    for (const other of this.chats) {
      if (this.trouble === "" && !this.#stored.has(other.id)) this.save(other);
    }
  }

  // Handles a storage event of another tab; true when it changed a chat here.
  take(key, text) {
    if (key === null) {  // everything was removed
      for (const id of [...this.#stored]) this.#forget(id);
      return true;
    }
    if (!key.startsWith(PREFIX)) return false;
    const id = key.slice(PREFIX.length);
    const stored = parseChat(text);
    if (stored === null) return this.#forget(id);
    this.#stored.add(id);
    const chat = this.find(id);
    if (chat) {
      const messages = merge(chat.messages, stored.messages, this.#own);
      Object.assign(chat, stored, {messages});
      // The other tab wrote at the same time as this one and did not know of our messages.
      if (JSON.stringify(messages) !== JSON.stringify(stored.messages)) this.save(chat);
    } else {
      this.chats.push(stored);
    }
    this.#sort();
    return true;
  }

  find(id) {
    return this.chats.find((chat) => chat.id === id) ?? null;
  }

  // Sets `note` on messages that were left in the middle, for example because the browser was killed; true
  // when there were any.
  settle(chat, note) {
    const left = chat.messages.filter(({id, open}) => open < Date.now() - SILENT_AFTER_MS && !this.#own.has(id));
    for (const message of left) {
      message.note = note;
      delete message.open;
      this.#own.add(message.id);
    }
    if (left.length > 0) this.save(chat);
    for (const {id} of left) this.#own.delete(id);
    return left.length > 0;
  }

  #load() {
    for (const key of Array.from({length: this.#storage.length}, (_, index) => this.#storage.key(index))) {
      const chat = key.startsWith(PREFIX) ? parseChat(this.#storage.getItem(key)) : null;
      if (!chat) continue;
      this.chats.push(chat);
      this.#stored.add(chat.id);
    }
    this.#takeOld();
    this.#sort();
  }

  // Takes the old chats over one after the other, the oldest first. Each is removed from the old list, which
  // makes room for its own key, and is put back if there is no room for that.
  #takeOld() {
    const text = this.#storage.getItem(OLD_KEY);
    if (text === null) return;
    let old = [];
    try {
      old = JSON.parse(text).filter((chat) => Array.isArray(chat?.messages));
    } catch {
      return;  // it cannot be read, so it is left alone
    }
    const setOld = () => this.#storage.setItem(OLD_KEY, JSON.stringify(old));
    const start = Date.now() - 2 * old.length;
    while (old.length > 0) {
      const chat = old.pop();
      setOld();
      const messages = chat.messages.map((message) => ({...message, id: makeId()}));
      const taken = {id: makeId(), title: String(chat.title), at: start - old.length, messages};
      for (const {id} of messages) this.#own.add(id);
      this.chats.push(taken);
      this.save(taken);
      if (this.#stored.has(taken.id)) continue;
      this.#forget(taken.id);
      old.push(chat);
      return setOld();
    }
    this.#storage.removeItem(OLD_KEY);
  }

  #sort() {
    this.chats.sort((left, right) => right.at - left.at);
  }

  #forget(id) {
    this.#stored.delete(id);
    const count = this.chats.length;
    this.chats = this.chats.filter((chat) => chat.id !== id);
    return this.chats.length < count;
  }

  #attempt(action) {
    try {
      if (this.#storage === null) throw new Error("this browser keeps nothing for this page");
      action();
    } catch (error) {
      const isFull = /quota/i.test(`${error.name} ${error.message}`);
      this.trouble = isFull ? "This browser has no more room for chats: what is new is lost when the page is closed. " +
                              "Delete chats that you no longer need."
                            : `Chats are lost when the page is closed: ${error.message}`;
    }
  }
}
