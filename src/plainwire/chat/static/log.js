// The messages of the open room as elements: a window that slides over the room's events.
// Invariants:
// 1. At most MOST + STEP rows are in the document, however many messages the room has.
// 2. What is being read does not move when rows come or go outside of sight.
// 3. A row is made of its event and the one before it, so every window shows the same.
import { make, render } from './text.js';
import { current, word } from './words.js';

const STEP = 60, MOST = 240, NEAR = 800;
const FACES = 8, SPOKEN = ['text', 'me', 'file'];
const locale = () => (current() === 'zh' ? 'zh-CN' : 'en-GB');
export const hue = (id) => [...id].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 997, 7) % FACES;
export const face = (id, name) => make('span', { className: `face h${hue(id)}`, ariaHidden: 'true', textContent: [...name][0]?.toUpperCase() ?? '?' });

// Making a format is slow, and every row needs one.
const formats = new Map();
function format(kind, options) {
  const key = kind + locale();
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale(), options));
  return formats.get(key);
}
const clock = (ms) => format('clock', { hour: '2-digit', minute: '2-digit' }).format(ms);
const moment = (ms) => format('moment', { dateStyle: 'full', timeStyle: 'medium' }).format(ms);
const dayOf = (event) => new Date(event.time).toDateString();

function day(ms) {
  const at = new Date(ms), now = new Date();
  const apart = Math.round((new Date(now.toDateString()) - new Date(at.toDateString())) / 86400000);
  if (apart === 0) return word('today');
  if (apart === 1) return word('yesterday');
  return format('day', { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }).format(ms);
}

export function size(bytes) {
  const steps = ['B', 'kB', 'MB', 'GB'];
  let step = 0;
  while (bytes >= 1000 && step < 3) { bytes /= 1000; step += 1; }
  return `${bytes.toFixed(step && bytes < 10 ? 1 : 0)} ${steps[step]}`;
}

export class Log {
  constructor(root, acts) {
    Object.assign(this, { root, acts, room: null, found: null, from: 0, to: 0, stick: true, pending: 0, nodes: new Map(), unsent: new Map(), stored: [] });
    this.start = make('div', { className: 'start' });
    this.rows = make('div', { className: 'rows' });
    this.tail = make('div', { className: 'tail' });
    root.append(this.start, this.rows, this.tail);
    root.addEventListener('scroll', () => this.onScroll(), { passive: true });
    new ResizeObserver(() => { if (this.stick) this.toEnd(); }).observe(root);
  }

  get events() { return this.found?.events ?? this.room?.events ?? []; }
  // Events that wait for the next frame are at the end although no row shows them yet.
  get atEnd() { return this.to >= this.events.length - this.pending && this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < 60; }

  onScroll() {
    const end = this.atEnd;
    if (end !== this.stick) { this.stick = end; this.acts.moved(); }
    this.slide();
  }

  toEnd() {
    if (this.to < this.events.length) this.show(this.events.length - STEP, this.events.length);
    this.root.scrollTop = this.root.scrollHeight;
    this.stick = true;
  }

  // A room from its end, or from where reading stopped; or what a search found.

  open(room, found = null) {
    this.room = room; this.found = found;
    const events = this.events;
    const unread = found || !room.mark ? -1 : events.findIndex((event) => event.seq > room.mark && SPOKEN.includes(event.kind));
    if (unread >= 0) this.show(unread - STEP, unread + STEP);
    else this.show(events.length - STEP, events.length);
    this.tail.replaceChildren(); this.unsent.clear();
    if (!found) for (const message of this.acts.waiting(room.name)) this.addWaiting(message);
    const line = this.rows.querySelector('.newline');
    if (line) line.scrollIntoView({ block: 'center' });
    else this.root.scrollTop = found ? 0 : this.root.scrollHeight;
    this.stick = !found && this.atEnd;
    this.slide();
  }

  show(from, to) {
    this.quietly(() => {
      this.nodes.clear(); this.rows.replaceChildren();
      this.from = Math.max(0, from); this.to = this.from;
      while (this.to < Math.min(to, this.events.length)) this.append();
      this.drawStart();
    });
  }

  drawStart() {
    const { room, found } = this;
    this.start.className = 'start';
    if (found) { this.start.classList.add('found'); this.start.replaceChildren(make('p', { className: 'note', textContent: word('found', { count: found.events.length, text: found.text }) })); }
    else if (this.from || room.more) { this.start.classList.add('wait'); this.start.replaceChildren(make('p', { className: 'note', textContent: word('older') })); } else {
      this.start.replaceChildren(
        make('h2', { textContent: word(room.title ? 'begin1' : 'begin', { room: room.title || `#${room.name}` }) }),
        make('p', { textContent: word(room.events.some((e) => SPOKEN.includes(e.kind)) ? 'beginhint' : 'empty') }));
    }
  }

  // Additions at the end are for screen readers; whatever else changes here is not.

  quietly(change) {
    this.root.setAttribute('aria-live', 'off');
    change();
    requestAnimationFrame(() => this.root.setAttribute('aria-live', 'polite'));
  }

  // By the end of the row: its beginning changes when the row before it becomes known.
  keepPlace(change) {
    const { root } = this, bottom = (row) => row.getBoundingClientRect().bottom;
    const top = root.getBoundingClientRect().top, row = [...this.rows.children].find((one) => bottom(one) > top);
    const before = row && bottom(row);
    this.quietly(change);
    if (row?.isConnected) root.scrollTop += bottom(row) - before;
  }

  // The window

  slide() {
    const { root } = this;
    if (!this.room) return;
    if (root.scrollTop < NEAR) {
      if (this.from) this.slideUp();
      else if (!this.found && this.room.more) this.acts.older();
    } else if (this.to < this.events.length && root.scrollHeight - root.scrollTop - root.clientHeight < NEAR) this.slideDown();
  }

  slideUp() {
    this.keepPlace(() => {
      const first = this.rows.firstChild, old = this.from;
      this.from = Math.max(0, old - STEP);
      const fresh = [];
      for (let index = this.from; index < old; index += 1) fresh.push(this.row(index));
      this.rows.prepend(...fresh);
      if (first) this.fill(first, old);
      while (this.to - this.from > MOST) this.drop(this.rows.lastChild, this.events[this.to -= 1]);
      this.drawStart();
    });
    requestAnimationFrame(() => this.slide());
  }

  slideDown() {
    this.keepPlace(() => {
      for (let count = 0; count < STEP && this.to < this.events.length; count += 1) this.append();
      this.trim();
    });
    requestAnimationFrame(() => this.slide());
  }

  append() { this.rows.append(this.row(this.to)); this.to += 1; }
  trim() { while (this.to - this.from > MOST) { this.drop(this.rows.firstChild, this.events[this.from]); this.from += 1; } this.drawStart(); }
  drop(row, event) { row.remove(); this.nodes.delete(event); }

  // Events were put in front of the room's list.

  prepended(room, count) {
    if (room !== this.room || this.found) return;
    this.from += count; this.to += count;
    if (this.from) this.slideUp(); else this.drawStart();
  }

  // An event was put at the end of the room's list; drawn with the next frame.

  added() {
    this.pending += 1;
    if (this.pending > 1) return;
    const draw = () => { this.pending = 0; this.drawEnd(); };
    if (document.hidden) setTimeout(draw, 50); else requestAnimationFrame(draw);
  }

  drawEnd() {
    if (this.found) return;
    for (const id of this.stored.splice(0)) { this.unsent.get(id)?.remove(); this.unsent.delete(id); }
    if (this.stick) {
      if (this.events.length - this.to > STEP) this.show(this.events.length - STEP, this.events.length);
      while (this.to < this.events.length) this.append();
      this.trim();
      this.toEnd();
    } else if (this.to - this.from < MOST) while (this.to < this.events.length && this.to - this.from < MOST + STEP) this.append();
    if (this.start.classList.contains('wait') === !(this.from || this.room.more)) this.drawStart();
  }

  // Rows

  row(index) {
    const row = make('div', { className: 'row' });
    this.nodes.set(this.events[index], row);
    return this.fill(row, index);
  }

  fill(row, index) {
    const event = this.events[index], previous = this.events[index - 1], mark = this.found ? 0 : this.room.mark;
    const parts = [];
    if (!previous || dayOf(previous) !== dayOf(event)) parts.push(make('div', { className: 'day', textContent: day(event.time) }));
    if (mark && event.seq > mark && (!previous || previous.seq <= mark)) parts.push(make('div', { className: 'newline', textContent: word('newline') }));
    if (SPOKEN.includes(event.kind)) {
      const same = !parts.length && SPOKEN.includes(previous?.kind) && previous.from === event.from && event.time - previous.time < 300000;
      parts.push(this.article(event, same));
    } else parts.push(make('p', { className: 'note', textContent: this.said(event) }));
    row.replaceChildren(...parts);
    return row;
  }

  said(event) {
    if (event.kind === 'note') return event.body.text;
    const key = event.body.on === false ? { ban: 'unban', mute: 'unmute', op: 'deop' }[event.kind] : event.kind;
    return word(key, event.body);
  }

  refresh(event) {
    const row = this.nodes.get(event);
    if (row) this.quietly(() => this.fill(row, this.events.indexOf(event)));
  }

  removed(event) {
    const row = this.nodes.get(event);
    if (row) { this.drop(row, event); this.to -= 1; }
  }

  // What was sent and is not yet stored stands below everything.

  addWaiting(message) {
    const node = this.article({ id: message.id, from: this.acts.me(), time: Date.now(), kind: message.kind ?? 'text', seq: 0, body: { name: this.acts.name(), text: message.text, file: message.file } }, false);
    node.classList.add('waiting');
    this.unsent.set(message.id, node);
    this.tail.append(node);
  }
  arrived(id) { this.stored.push(id); }
  refused(id) { this.unsent.get(id)?.classList.replace('waiting', 'bad'); }

  article(event, same) {
    const { body } = event, mine = event.from === this.acts.me();
    const mention = !mine && !body.deleted && this.acts.mentions(body.text ?? '');
    const node = make('article', { className: [same ? 'same' : '', mention ? 'mention' : ''].join(' ').trim() });
    node.dataset.seq = event.seq; node.dataset.id = event.id;
    const words = make('div', { className: 'words', dir: 'auto' });
    if (body.deleted) { words.classList.add('gone'); words.textContent = word('deleted'); }
    else this.write(words, event);
    const stamp = make('time', { dateTime: new Date(event.time).toISOString(), title: moment(event.time), ariaHidden: 'true', textContent: clock(event.time) });
    if (same) node.append(stamp);
    else node.append(face(event.from, body.name || '?'), make('div', { className: 'by' }, make('button', { type: 'button', textContent: body.name, on: { click: () => this.acts.person(event.from, body.name) } }), stamp));
    node.append(words);
    if (body.edited && !body.deleted) words.append(' ', make('span', { className: 'mark', textContent: word('edited') }));
    if (event.seq && !body.deleted && !this.found) node.append(this.buttons(event, mine));
    return node;
  }

  write(words, event) {
    const { body } = event;
    if (event.kind === 'me') { words.classList.add('act'); words.append(make('b', { textContent: body.name }), ' '); }
    if (event.kind === 'file' && body.file) {
      const { url, name, media } = body.file;
      const href = new URL(url, location.href);
      if (href.origin === location.origin && href.pathname.startsWith('/files/')) {
        const link = (className, ...children) => make('a', { className, href: href.pathname, target: '_blank', rel: 'noopener', title: name }, ...children);
        if (media.startsWith('image/')) words.append(link('picture', make('img', { src: href.pathname, alt: name, loading: 'lazy', on: { load: (event) => this.settle(event.target) } })));
        else {
          const kind = /\.(\w{1,5})$/.exec(name)?.[1] ?? '';
          words.append(link('file', make('span', { className: 'kind', ariaHidden: 'true', textContent: kind.toUpperCase() }),
            make('span', { className: 'about' }, make('span', { className: 'label', textContent: name }), make('span', { className: 'mark', textContent: size(body.file.size) }))));
        }
      }
    }
    words.append(render(body.text ?? '', this.acts.name()));
  }

  // Its height is known now; it had a reserved one so far.
  settle(image) {
    this.keepPlace(() => image.classList.add('known'));
    if (this.stick) this.toEnd();
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
