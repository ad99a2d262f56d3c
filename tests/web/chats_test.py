"""What the page keeps of chats, as web/chats.js does it, with a storage that tabs share."""
import pathlib
import shutil
import subprocess
import unittest

CHATS = pathlib.Path(__file__).resolve().parent.parent.parent / "web/chats.js"

# Each tab has a ChatStore; tell() passes on what one writes to the others, as the browser's storage events
# do.
PRELUDE = """
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
const source = readFileSync(process.argv[1], "utf8");
const {ChatStore} = await import("data:text/javascript," + encodeURIComponent(source));

class FakeStorage {
  items = new Map();
  room = Infinity;
  get length() { return this.items.size; }
  key(index) { return [...this.items.keys()][index] ?? null; }
  getItem(key) { return this.items.get(key) ?? null; }
  removeItem(key) { this.items.delete(key); }
  setItem(key, value) {
    const others = [...this.items].filter(([name]) => name !== key).reduce((sum, [, text]) => sum + text.length, 0);
    if (others + value.length > this.room) throw Object.assign(new Error("full"), {name: "QuotaExceededError"});
    this.items.set(key, value);
  }
}

const storage = new FakeStorage();
const tell = (...tabs) => {
  for (const key of storage.items.keys()) for (const tab of tabs) tab.take(key, storage.getItem(key));
};
const ask = (tab, chat, text) => {
  tab.add(chat, {role: "user", content: text});
  tab.save(chat);
};
const texts = (tab, id) => tab.find(id).messages.map(({content}) => content);
"""


class Test(unittest.TestCase):
    def run_script(self, script):
        node = shutil.which("node")
        if node is None:
            raise unittest.SkipTest("there is no node (Node.js) to run the page's scripts with")
        done = subprocess.run([node, "--input-type=module", "-e", PRELUDE + script, str(CHATS)], capture_output=True,
                              text=True, timeout=50)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_two_tabs_keep_each_others_chats(self):
        self.run_script("""
            const a = new ChatStore(storage), b = new ChatStore(storage);  // both opened before either wrote
            ask(a, a.create("first"), "of a");
            ask(b, b.create("second"), "of b");
            assert.deepEqual(new ChatStore(storage).chats.map(({title}) => title).sort(), ["first", "second"]);
            tell(a, b);
            assert.equal(a.chats.length, 2);
            assert.equal(b.chats.length, 2);
        """)

    def test_two_tabs_in_one_chat_keep_each_others_messages(self):
        self.run_script("""
            const a = new ChatStore(storage);
            const chat = a.create("both");
            ask(a, chat, "one");
            const b = new ChatStore(storage);
            const same = b.find(chat.id);
            ask(b, same, "of b");
            ask(a, chat, "of a");
            assert.deepEqual(texts(new ChatStore(storage), chat.id), ["one", "of b", "of a"]);
            tell(b);
            assert.deepEqual(texts(b, chat.id), ["one", "of b", "of a"]);
            // A tab that wrote without having seen what the other one wrote at the same time.
            const stale = JSON.parse(storage.getItem("shoal.chat." + chat.id));
            stale.messages = stale.messages.filter(({content}) => content !== "of a");
            storage.setItem("shoal.chat." + chat.id, JSON.stringify(stale));
            tell(a);
            assert.deepEqual(texts(new ChatStore(storage), chat.id), ["one", "of b", "of a"]);
        """)

    def test_an_answer_that_grows_stays_the_tabs_own_and_is_kept_as_it_grows(self):
        self.run_script("""
            const a = new ChatStore(storage);
            const chat = a.create("long");
            ask(a, chat, "question");
            const answer = a.add(chat, {role: "assistant", content: "", open: Date.now()});
            answer.content = "half";
            a.save(chat);
            answer.content = "half and more";
            const b = new ChatStore(storage);
            ask(b, b.find(chat.id), "meanwhile");
            tell(a);
            assert.ok(a.find(chat.id).messages.includes(answer));
            assert.equal(answer.content, "half and more");
            assert.deepEqual(texts(new ChatStore(storage), chat.id), ["question", "half and more", "meanwhile"]);
            // Its tab is gone for long: another one says so, once.
            answer.open = 1;
            a.save(chat);
            const c = new ChatStore(storage);
            assert.ok(c.settle(c.find(chat.id), "cut off"));
            assert.ok(!c.settle(c.find(chat.id), "cut off"));
            assert.equal(new ChatStore(storage).find(chat.id).messages[1].note, "cut off");
        """)

    def test_a_chat_deleted_in_one_tab_does_not_come_back_from_another(self):
        self.run_script("""
            const a = new ChatStore(storage);
            const chat = a.create("gone");
            ask(a, chat, "one");
            const b = new ChatStore(storage);
            b.remove(b.find(chat.id));
            a.add(chat, {role: "user", content: "two"});
            assert.equal(a.save(chat), false);
            assert.equal(a.chats.length, 0);
            assert.equal(new ChatStore(storage).chats.length, 0);
            assert.ok(a.take("shoal.chat.other", JSON.stringify({id: "other", title: "t", at: 1, messages: []})));
            assert.ok(a.take("shoal.chat.other", null));
            assert.equal(a.chats.length, 0);
        """)

    def test_no_chat_is_dropped_in_silence_where_there_is_no_room(self):
        self.run_script("""
            const a = new ChatStore(storage);
            for (let i = 0; i < 150; ++i) ask(a, a.create("chat " + i), "x");
            assert.equal(new ChatStore(storage).chats.length, 150);
            assert.equal(a.trouble, "");
            storage.room = 1000 + [...storage.items.values()].join("").length;
            const big = a.create("big");
            ask(a, big, "y".repeat(1200));
            assert.match(a.trouble, /no more room/);
            assert.equal(a.chats.length, 151);
            for (const chat of a.chats.slice(-3)) a.remove(chat);
            assert.equal(a.trouble, "");
            assert.equal(new ChatStore(storage).find(big.id).messages.length, 1);
            const nothing = new ChatStore(null);
            ask(nothing, nothing.create("unkept"), "x");
            assert.match(nothing.trouble, /are lost when/);
            assert.equal(nothing.chats.length, 1);
        """)

    def test_chats_of_the_older_page_are_taken_over(self):
        self.run_script("""
            const old = Array.from({length: 100}, (_, i) => ({id: "x" + i, title: "t" + i,
                messages: [{role: "user", content: "q" + i}, {role: "assistant", content: "a"}]}));
            storage.setItem("shoal.chats", JSON.stringify(old));
            const a = new ChatStore(storage);
            assert.deepEqual(a.chats.map(({title}) => title), old.map(({title}) => title));
            assert.equal(storage.getItem("shoal.chats"), null);
            assert.deepEqual(texts(new ChatStore(storage), a.chats[7].id), ["q7", "a"]);
            storage.items.clear();
            storage.setItem("shoal.chats", JSON.stringify(old));
            storage.room = 3000;
            const b = new ChatStore(storage);
            storage.room = Infinity;
            const c = new ChatStore(storage);
            assert.match(b.trouble, /no more room/);
            assert.equal(c.chats.length, 100);
        """)
