// The WebSocket that comes back, and the copy of the rooms that makes coming back exact.
// Invariants, as in replica.py: an event is taken once and in order; what was sent waits in
// the outbox until it is answered; a hole in seq joins the room again from where it is known.
const PING = 15000, SILENCE = 10000;
const FATAL = ['bad_key', 'bad_name', 'bad_password', 'name_registered', 'name_taken', 'version'];
const KEPT = ['send', 'edit', 'delete', 'topic', 'kick', 'ban', 'unban', 'mute', 'unmute', 'op', 'deop'];

// Edits and deletions change the event they are about; they are no rows of their own.
const SHOWN = ['text', 'me', 'file', 'topic', 'op', 'ban', 'mute', 'kick'];

export class Connection {
  constructor(show, state) {
    this.show = show; this.state = state;
    this.rooms = new Map(); this.outbox = new Map();
    this.token = sessionStorage.getItem('token') || localStorage.getItem('token') || '';
    this.more = {}; this.name = ''; this.user = ''; this.limits = {}; this.ready = false; this.tries = 0;
    this.salt = crypto.getRandomValues(new Uint32Array(1))[0].toString(36); this.count = 0;
    addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.hurry(); });
  }
  room(name) {
    if (!this.rooms.has(name)) this.rooms.set(name, { name, epoch: '', seq: 0, head: 0, read: 0, unread: 0, mentions: 0, topic: '', title: '', members: new Map(), operators: new Set(), events: [], first: 1, more: false, loading: false, mark: 0 });
    return this.rooms.get(name);
  }
  start(name, more = {}) { this.name = name; this.more = more; this.stopped = false; this.dial(); }
  dial() {
    clearTimeout(this.timer);
    this.state('connecting');
    const socket = this.socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
    socket.onopen = () => { this.put({ type: 'hello', v: 1, name: this.name, token: this.token || undefined, ...this.more }); this.watch(); };
    socket.onmessage = (event) => { if (socket === this.socket) { this.watch(); this.take(JSON.parse(event.data)); } };
    socket.onclose = () => { if (socket === this.socket) this.lost(); };
  }
  watch() {
    clearTimeout(this.pinger);
    this.pinger = setTimeout(() => { this.put({ type: 'ping' }); this.pinger = setTimeout(() => this.drop(), SILENCE); }, PING);
  }
  drop() { const socket = this.socket; this.socket = null; socket?.close(); this.lost(); }
  lost() {
    clearTimeout(this.pinger); this.ready = false;
    if (this.stopped) return;
    const wait = Math.min(10000, 250 * 2 ** this.tries++) * (0.5 + Math.random() / 2);
    this.state('again', Math.ceil(wait / 1000));
    this.timer = setTimeout(() => this.dial(), wait);
  }
  hurry() { if (!this.ready && !this.stopped && this.name && this.socket?.readyState !== WebSocket.CONNECTING) { this.tries = 0; this.dial(); } }
  put(message) { if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message)); }
  send(message) {
    if (KEPT.includes(message.type)) {
      message = { ...message, id: `${this.salt}-${++this.count}` };
      this.outbox.set(message.id, message);
    }
    if (this.ready) this.put(message);
    return message;
  }
  // A line that is shown among the messages and kept nowhere.
  note(room, text, more = {}) {
    const note = { kind: 'note', seq: room.seq, time: Date.now(), from: '', body: { text }, ...more };
    room.events.push(note);
    return note;
  }
  older(room) {
    if (room.loading || !room.more || !this.ready) return;
    room.loading = true;
    this.put({ type: 'history', room: room.name, before: room.first, limit: 100 });
  }
  join(name) {
    const room = this.room(name);
    const since = room.epoch ? { epoch: room.epoch, seq: room.seq } : undefined;
    if (this.ready) this.put({ type: 'join', room: name, since });
  }
  take(message) {
    const handler = this[`on_${message.type}`];
    if (handler && handler.call(this, message) === false) return;
    this.show(message);
  }
  on_welcome(message) {
    this.ready = true; this.tries = 0;
    this.user = message.you.id; this.name = message.you.name; this.token = message.token; this.limits = message.limits; this.master = message.you.master;
    delete this.more.password;
    this.keepToken(this.token); localStorage.setItem('name', this.name);
    for (const entry of message.private) this.room(entry.room).title = entry.with.name;
    for (const name of this.rooms.keys()) this.join(name);
    for (const kept of this.outbox.values()) this.put(kept);
    this.state('connected');
  }
  on_joined(message) {
    const room = this.room(message.room);
    message.missed = room.epoch && message.recovered ? message.seq - room.seq : 0;
    message.again = Boolean(room.epoch);
    if (!message.recovered) { room.events = []; room.seq = message.after; room.first = message.after + 1; room.more = message.after > 0; }
    room.read = Math.max(room.read, message.read); room.loading = false;
    Object.assign(room, { epoch: message.epoch, head: message.seq, topic: message.topic, count: message.count });
    room.members = new Map(message.members.map((m) => [m.id, m.name])); room.operators = new Set(message.operators);
  }
  on_event(message) {
    const room = this.rooms.get(message.room);
    if (!room || message.seq <= room.seq) return false;
    if (message.seq !== room.seq + 1) { this.join(message.room); return false; }
    room.seq = message.seq;
    if (message.from === this.user) this.outbox.delete(message.id);
    message.target = this.fold(room, message);
    if (SHOWN.includes(message.kind)) room.events.push(message);
    return true;
  }
  fold(room, message) {
    const { kind, body } = message;
    if (kind === 'topic') room.topic = body.text;
    if (kind === 'op') body.on ? room.operators.add(body.user) : room.operators.delete(body.user);
    if (kind === 'edit' || kind === 'delete') {
      const target = room.events.findLast((event) => event.seq === body.of && event.kind !== 'note');
      if (target) target.body = body;
      return target;
    }
    return undefined;
  }
  on_history(message) {
    const room = this.room(message.room);
    const fresh = message.events.filter((event) => event.seq < room.first && SHOWN.includes(event.kind));
    room.events = [...fresh, ...room.events];
    message.fresh = fresh.length;
    room.first = Math.min(room.first, message.events[0]?.seq ?? room.first);
    room.more = message.more && room.first > 1;
    room.loading = false;
  }
  on_gap(message) { const room = this.room(message.room); room.seq = Math.max(room.seq, message.last); }
  on_private(message) {
    const fresh = !this.rooms.has(message.room);
    this.room(message.room).title = message.with.name;
    if (fresh) this.join(message.room);
  }
  on_presence(message) {
    const room = this.room(message.room);
    for (const m of message.joined) room.members.set(m.id, m.name);
    for (const m of message.left) room.members.delete(m.id);
    room.count = room.members.size;
  }
  on_ack(message) { this.outbox.delete(message.id); }
  on_error(message) {
    if (message.code === 'rate_limited' && this.outbox.has(message.id)) {
      setTimeout(() => { if (this.ready && this.outbox.has(message.id)) this.put(this.outbox.get(message.id)); }, message.retry_after * 1000);
    } else if (message.code !== 'unavailable' && message.id) {
      message.request = this.outbox.get(message.id); this.outbox.delete(message.id);
    }
    if (message.of === 'history') for (const room of this.rooms.values()) room.loading = false;
    if (message.of === 'hello' && FATAL.includes(message.code)) { this.stopped = true; this.socket?.close(); }
  }
  on_revoked(message) { this.keepToken(message.token); }
  on_close(message) {
    if (message.code !== 'revoked') return;
    this.stopped = true; this.ready = false; this.keepToken('');
    localStorage.removeItem('name');
  }
  keepToken(token) { this.token = token; sessionStorage.setItem('token', token); localStorage.setItem('token', token); }
  on_parted(message) { this.rooms.delete(message.room); }
  on_named(message) { if (message.id === this.user) { this.name = message.name; localStorage.setItem('name', message.name); } }
}
