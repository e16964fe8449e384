// The messages of the open room as elements: appended one by one, folded, never re-parsed.
import { make, render } from './text.js';
import { current, word } from './words.js';

export const SHOWN = 200;
const FACES = 8;
const locale = () => (current() === 'zh' ? 'zh-CN' : 'en-GB');
export const hue = (id) => [...id].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 997, 7) % FACES;
export const face = (id, name) => make('span', { className: `face h${hue(id)}`, ariaHidden: 'true', textContent: [...name][0]?.toUpperCase() ?? '?' });
const clock = (ms) => new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit' }).format(ms);

function day(ms) {
  const at = new Date(ms), now = new Date();
  const apart = Math.round((new Date(now.toDateString()) - new Date(at.toDateString())) / 86400000);
  if (apart === 0) return word('today');
  if (apart === 1) return word('yesterday');
  return new Intl.DateTimeFormat(locale(), { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }).format(ms);
}

export function size(bytes) {
  const steps = ['B', 'kB', 'MB', 'GB'];
  let step = 0;
  while (bytes >= 1000 && step < 3) { bytes /= 1000; step += 1; }
  return `${bytes.toFixed(step && bytes < 10 ? 1 : 0)} ${steps[step]}`;
}

export class Log {
  constructor(root, acts) { this.root = root; this.acts = acts; this.nodes = new Map(); this.last = null; this.room = null; this.shown = SHOWN; }

  get atEnd() { return this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < 60; }
  toEnd() { this.root.scrollTop = this.root.scrollHeight; }

  open(room, { keep = false } = {}) {
    const anchor = keep ? this.root.scrollHeight - this.root.scrollTop : 0;
    if (this.room !== room) this.shown = SHOWN;
    this.room = room; this.nodes.clear(); this.last = null;
    // Screen readers would read the whole room aloud; only additions are for them.
    this.root.setAttribute('aria-live', 'off');
    this.root.replaceChildren();
    const events = room.events.slice(-this.shown);
    if (room.more || events.length < room.events.length) this.root.append(make('button', { className: 'ghost older', type: 'button', textContent: word('older'), on: { click: () => this.acts.older() } }));
    for (const event of events) this.add(event);
    if (!this.nodes.size) this.root.append(make('p', { className: 'note', id: 'empty', textContent: word('empty') }));
    for (const waiting of this.acts.waiting(room.name)) this.addWaiting(waiting);
    if (keep) this.root.scrollTop = this.root.scrollHeight - anchor;
    else (this.root.querySelector('.newline')?.scrollIntoView({ block: 'center' }), this.root.querySelector('.newline') || this.toEnd());
    requestAnimationFrame(() => this.root.setAttribute('aria-live', 'polite'));
  }

  add(event) {
    document.getElementById('empty')?.remove();
    this.nodes.get(event.id)?.remove();
    if (event.kind === 'edit' || event.kind === 'delete') { this.refresh(event.body.of); return null; }
    const stamp = new Date(event.time).toDateString();
    if (!this.last || this.last.stamp !== stamp) { this.root.append(make('div', { className: 'day', textContent: day(event.time) })); this.last = null; }
    if (this.room.mark && event.seq > this.room.mark && !this.root.querySelector('.newline')) { this.root.append(make('div', { className: 'newline', textContent: word('newline') })); this.last = { from: '', time: 0, stamp }; }
    let node;
    if (['text', 'me', 'file'].includes(event.kind)) {
      const same = this.last?.from === event.from && event.time - this.last.time < 300000;
      node = this.article(event, same);
      this.last = { from: event.from, time: event.time, stamp };
    } else {
      const key = event.body.on === false ? { ban: 'unban', mute: 'unmute', op: 'deop' }[event.kind] : event.kind;
      node = this.note(word(key, event.body));
      this.last = { from: '', time: 0, stamp };
    }
    this.place(node);
    this.nodes.set(event.seq, node);
    while (this.nodes.size > this.shown + 100 && this.atEnd) { const [key, old] = this.nodes.entries().next().value; old.remove(); this.nodes.delete(key); this.room.more = true; }
    return node;
  }

  place(node) { const first = this.root.querySelector('article.waiting'); first ? first.before(node) : this.root.append(node); }
  note(text) { return make('p', { className: 'note', textContent: text }); }
  say(text) { this.place(this.note(text)); if (this.last) this.last = { ...this.last, from: '', time: 0 }; }

  addWaiting(message) {
    document.getElementById('empty')?.remove();
    const node = this.article({ id: message.id, from: this.acts.me(), time: Date.now(), kind: message.kind ?? 'text', seq: 0, body: { name: this.acts.name(), text: message.text, file: message.file } }, this.last?.from === this.acts.me());
    node.classList.add('waiting');
    this.nodes.set(message.id, node);
    this.root.append(node);
  }

  refresh(seq) {
    const event = this.room.events.find((one) => one.seq === seq), old = this.nodes.get(seq);
    if (!event || !old) return;
    const node = this.article(event, old.classList.contains('same'));
    old.replaceWith(node);
    this.nodes.set(seq, node);
  }

  article(event, same) {
    const { body } = event, mine = event.from === this.acts.me();
    const mention = !mine && !body.deleted && this.acts.mentions(body.text ?? '');
    const node = make('article', { className: [same ? 'same' : '', mention ? 'mention' : ''].join(' ').trim() });
    node.dataset.seq = event.seq; node.dataset.id = event.id;
    const words = make('div', { className: 'words' });
    if (body.deleted) { words.classList.add('gone'); words.textContent = word('deleted'); }
    else this.fill(words, event);
    const stamp = make('time', { dateTime: new Date(event.time).toISOString(), title: new Intl.DateTimeFormat(locale(), { dateStyle: 'full', timeStyle: 'medium' }).format(event.time), ariaHidden: 'true', textContent: clock(event.time) });
    node.append(face(event.from, body.name || '?'));
    if (same) node.append(stamp);
    else node.append(make('div', { className: 'by' }, make('button', { type: 'button', textContent: body.name, on: { click: () => this.acts.person(event.from, body.name) } }), stamp));
    node.append(words);
    if (body.edited && !body.deleted) words.append(' ', make('span', { className: 'mark', textContent: word('edited') }));
    if (event.seq && !body.deleted) node.append(this.buttons(event, mine));
    return node;
  }

  fill(words, event) {
    const { body } = event;
    if (event.kind === 'me') { words.classList.add('act'); words.append(`${body.name} `); }
    if (event.kind === 'file' && body.file) {
      const { url, name, media } = body.file;
      const href = new URL(url, location.href);
      if (href.origin === location.origin && href.pathname.startsWith('/files/')) {
        const label = `${name} · ${size(body.file.size)}`;
        if (media.startsWith('image/')) words.append(make('a', { href: href.pathname, target: '_blank', rel: 'noopener' }, make('img', { src: href.pathname, alt: name, loading: 'lazy', on: { load: () => this.acts.grown() } })));
        words.append(make('a', { className: media.startsWith('image/') ? 'mark' : 'file', href: href.pathname, target: '_blank', rel: 'noopener', textContent: label }));
      }
      if (body.text) words.append('\n');
    }
    words.append(render(body.text ?? ''));
  }

  buttons(event, mine) {
    const box = make('div', { className: 'acts' });
    const put = (key, act) => box.append(make('button', { className: 'ghost', type: 'button', textContent: word(key), on: { click: act } }));
    put('reply', () => this.acts.quote(event));
    if (mine && event.kind !== 'file') put('edit', () => this.acts.edit(event));
    if (mine || this.acts.rules()) put('remove', () => this.acts.remove(event));
    return box;
  }
}
