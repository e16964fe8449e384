// The page: joins the connection, the log and the controls. Text reaches it as textContent only.
import { Connection } from './connection.js';
import { Log, face } from './log.js';
import { Uploads } from './upload.js';
import { Suggest } from './suggest.js';
import { make } from './text.js';
import { apply, choose, current, word } from './words.js';

const $ = (id) => document.getElementById(id);
const app = $('app');
let room = null, editing = null, typedAt = 0, readTimer = 0, focused = document.hasFocus();
const drafts = new Map(), typing = new Map();
const connection = new Connection(onMessage, onState);
const escapeName = () => connection.name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const mentions = (text) => Boolean(connection.name) && new RegExp(`@${escapeName()}(?![\\p{L}\\p{N}_])`, 'iu').test(text);
const rules = () => room && !room.title && (connection.master || room.operators.has(connection.user));
const log = new Log($('log'), {
  mentions, rules, me: () => connection.user, name: () => connection.name, person: showPerson,
  moved: () => { if (log.stick && focused) markRead(); drawPresent(); }, older: () => connection.older(room),
  waiting: (name) => [...connection.outbox.values()].filter((m) => m.type === 'send' && m.room === name),
  quote: (event) => { $('text').value = `${event.body.text.split('\n').map((l) => `> ${l}`).join('\n')}\n@${event.body.name} ${$('text').value}`; $('text').focus(); grow(); },
  edit: startEdit, remove: (event) => connection.send({ type: 'delete', room: room.name, seq: event.seq }),
});
const uploads = new Uploads($('uploads'), connection, (file) => say({ kind: 'file', file, text: '' }), (text) => tell(text));
const suggest = new Suggest($('text'), $('suggest'), () => [...(room?.members ?? [])].filter(([id]) => id !== connection.user));

// Connection

function onState(state, seconds) {
  const text = state === 'again' ? word('again', { seconds }) : word(state);
  $('state').textContent = text;
  $('state').classList.toggle('on', state === 'connected');
  if (state === 'again') bar(word('offline'));
  else if (state === 'connected') { $('welcome').close(); bar(''); $('me').textContent = connection.name; }
}
function bar(text, seconds = 0) {
  $('bar').textContent = text; $('bar').hidden = !text;
  if (seconds) setTimeout(() => { if ($('bar').textContent === text) bar(''); }, seconds * 1000);
}

const handlers = {
  welcome(message) { document.title = message.server; $('server').textContent = message.server; $('hellotitle').textContent = message.server; known = message.rooms; drawRooms(); },
  joined(message) {
    const joined = connection.rooms.get(message.room);
    if (!joined.mark) joined.mark = message.read && message.read < message.seq ? message.read : 0;
    if (message.again && message.missed) bar(word('recovered', { count: message.missed }), 6);
    if (message.again && !message.recovered) { bar(word('restart'), 10); if (joined === room) open(message.room); }
    if (!room || wanted === message.room) open(message.room);
    else { drawRooms(); if (joined === room) { drawHead(); drawMembers(); } }
  },
  event(message) {
    const target = connection.rooms.get(message.room);
    // Below `head` is history: it counts as unread only after the mark of what was read, and
    // in a private conversation, which may have begun while nobody looked.
    const unseen = message.seq > target.head || (message.seq > target.read && Boolean(target.read || target.title));
    const fresh = unseen && message.from !== connection.user && ['text', 'me', 'file'].includes(message.kind);
    typing.delete(message.body.name);
    const seen = target === room && focused && !document.hidden && log.stick;
    if (fresh && !seen) {
      const loud = Boolean(target.title) || mentions(message.body.text ?? '');
      target.unread += 1; if (loud) { target.mentions += 1; notify(target, message); }
      drawRooms();
    }
    if (target !== room) return;
    log.arrived(message.id);
    if (message.target) log.refresh(message.target); else log.added();
    if (['topic', 'op'].includes(message.kind)) { drawHead(); drawMembers(); }
    if (!log.stick) drawPresent();
    if (seen) markRead();
    drawTyping();
  },
  history(message) { const target = connection.rooms.get(message.room); if (target) log.prepended(target, message.fresh); },
  presence(message) {
    if (message.room !== room?.name) return;
    drawHead(); drawMembers();
    const others = (people) => people.filter((m) => m.id !== connection.user).map((m) => m.name);
    tellPresence(others(message.joined), others(message.left));
  },
  typing(message) { if (message.user !== connection.user && message.room === room?.name) { typing.set(message.name, Date.now() + 4000); drawTyping(); setTimeout(drawTyping, 4100); } },
  private() { drawRooms(); },
  gap(message) { if (message.room === room?.name) tell(word('gap', { count: message.last - message.first + 1 })); },
  behind() { bar(word('behind'), 4); },
  found(message) { showFound(message); },
  named() { $('me').textContent = connection.name; },
  rooms(message) { known = message.rooms.map((r) => r.room); drawRooms(); },
  parted(message) { if (room?.name === message.room) { room = null; const next = connection.rooms.keys().next().value ?? 'lobby'; connection.rooms.has(next) ? open(next) : go(next); } if (message.code !== 'left') bar(word('removed', { room: message.room }), 8); drawRooms(); },
  error(message) {
    if (message.of === 'hello') return helloError(message);
    if (message.of === 'history' && message.code === 'rate_limited') return setTimeout(() => log.slide(), message.retry_after * 1000);
    if (message.code === 'rate_limited') return bar(word('slow'), 4);
    if (message.request?.type === 'send') log.refused(message.id);
    tell(word('failed', { text: message.text }));
    return undefined;
  },
  revoked() { tell(word('revoked')); },
  close(message) {
    if (message.code === 'revoked') { $('helloerror').textContent = word('out'); $('welcome').showModal(); return; }
    if (message.code !== 'stopping') bar(message.text, 8);
  },
};
function onMessage(message) { handlers[message.type]?.(message); }
function tell(text) { if (room) { connection.note(room, text); log.added(); } }
// Who came and went is one line for as long as nobody says anything.
function tellPresence(came, left) {
  const last = room.events.at(-1);
  const note = last?.presence ? last : connection.note(room, '', { presence: { came: new Set(), left: new Set() } });
  for (const [names, here, there] of [[came, note.presence.came, note.presence.left], [left, note.presence.left, note.presence.came]]) for (const name of names) { if (!there.delete(name)) here.add(name); }
  note.body.text = [['came', note.presence.came], ['left', note.presence.left]].filter(([, names]) => names.size).map(([key, names]) => word(key, { names: fold([...names]) })).join(' · ');
  if (!note.body.text) { room.events.pop(); log.removed(note); } else if (note === last) log.refresh(note); else log.added();
}
const fold = (names) => (names.length > 4 ? word('andmore', { names: names.slice(0, 3).join(word('and')), count: names.length - 3 }) : names.join(word('and')));

function notify(target, message) {
  if (!('Notification' in window) || Notification.permission !== 'granted' || (focused && target === room)) return;
  const note = new Notification(`${message.body.name} · ${label(target)}`, { body: (message.body.text ?? '').slice(0, 200), tag: target.name, icon: 'icon.svg' });
  note.onclick = () => { window.focus(); open(target.name); note.close(); };
}

// Rooms

let wanted = 'lobby', known = [];
const other = (one) => one.name.slice(1).split('+').find((id) => id !== connection.user) ?? '';
const label = (one) => (one.title ? one.title : `# ${one.name}`);
function go(name) { wanted = name; if (connection.rooms.has(name) && connection.rooms.get(name).epoch) open(name); else connection.join(name); saveRooms(); }
function open(name) {
  const target = connection.rooms.get(name);
  if (!target) return;
  if (room) { drafts.set(room.name, $('text').value); if (room !== target) room.mark = 0; }
  const changed = room !== target;
  wanted = name; room = target;
  if (changed) { endEdit(); $('text').value = drafts.get(name) ?? ''; grow(); typing.clear(); }
  if (target.unread && !target.mark) target.mark = target.read || target.events.at(-target.unread - 1)?.seq || 0;
  log.open(target);
  app.classList.remove('show-side', 'show-who');
  $('text').placeholder = word('hint', { room: label(target) });
  markRead(); drawHead(); drawMembers(); drawTyping(); drawPresent(); saveRooms();
}
function saveRooms() { localStorage.setItem('rooms', JSON.stringify([...connection.rooms.values()].filter((r) => !r.title).map((r) => r.name))); localStorage.setItem('room', wanted); }
function markRead() {
  if (!room) return;
  room.unread = 0; room.mentions = 0;
  if (room.seq > room.read) {
    room.read = room.seq;
    const target = room;
    clearTimeout(readTimer);
    readTimer = setTimeout(() => connection.send({ type: 'read', room: target.name, seq: target.read }), 1500);
  }
  drawRooms();
}
// At most once per frame: a burst of messages draws the list once.
function perFrame(draw) { let due = 0; return () => { due ||= setTimeout(() => { due = 0; draw(); }, 16); }; }
const drawRooms = perFrame(drawRoomsNow), drawMembers = perFrame(drawMembersNow);
function drawRoomsNow() {
  const entry = (one) => {
    const button = make('button', { type: 'button', on: { click: () => go(one.name) } },
      one.title ? face(other(one), one.title) : make('span', { className: 'hash', ariaHidden: 'true', textContent: '#' }),
      make('span', { className: `label${one.unread ? ' unread' : ''}`, textContent: one.title || one.name }),
      one.unread ? make('span', { className: `badge${one.mentions ? ' loud' : ''}`, textContent: one.unread > 99 ? '99+' : one.unread }) : null);
    if (one === room) button.setAttribute('aria-current', 'true');
    return make('li', {}, button);
  };
  const mine = [...connection.rooms.values()];
  const others = known.filter((name) => !connection.rooms.has(name)).map((name) => ({ name, title: '', unread: 0 }));
  $('rooms').replaceChildren(...mine.filter((r) => !r.title && !r.name.startsWith('@')).map(entry), ...others.map(entry));
  const direct = mine.filter((r) => r.title).map(entry);
  $('direct').replaceChildren(...(direct.length ? direct : [make('li', { className: 'hint', textContent: word('nodirect') })]));
  const unread = mine.reduce((sum, r) => sum + r.unread, 0), loud = mine.some((r) => r.mentions);
  document.title = `${unread ? `(${unread}) ` : ''}${room ? label(room).replace('# ', '#') : ''} · ${$('server').textContent}`;
  $('menubadge').hidden = !unread; $('menubadge').textContent = unread > 99 ? '99+' : unread; $('menubadge').classList.toggle('loud', loud);
}
function drawHead() {
  if (!room) return;
  $('title').textContent = label(room); $('topic').textContent = room.topic; $('topic').title = room.topic;
  $('count').textContent = room.count ?? room.members.size; $('people').hidden = Boolean(room.title);
  app.classList.toggle('members-off', Boolean(room.title));
}
function drawMembersNow() {
  if (!room) return;
  const people = [...room.members].sort((a, b) => a[1].localeCompare(b[1]));
  $('members').replaceChildren(...people.map(([id, name]) => make('li', {}, make('button', { type: 'button', on: { click: () => showPerson(id, name) } },
    face(id, name), make('span', { className: 'label', textContent: id === connection.user ? `${name} (${word('you')})` : name }), room.operators.has(id) ? make('span', { className: 'mark', textContent: word('operator') }) : null))));
}
function drawTyping() {
  for (const [name, until] of typing) if (until < Date.now()) typing.delete(name);
  const names = [...typing.keys()];
  $('typing').textContent = !names.length ? '' : names.length === 1 ? word('typing1', { name: names[0] }) : word('typing2', { count: names.length });
}
function drawPresent() { $('present').hidden = log.stick || Boolean(log.found); $('present').textContent = room?.unread ? `↓ ${word('jumpnew', { count: room.unread })}` : `↓ ${word('jump')}`; }
function showFound(message) { if (message.room === room?.name) { log.open(room, message); drawPresent(); } }

// People

function showPerson(id, name) {
  if (id === connection.user || id === 'server') return;
  $('personname').textContent = name;
  const act = (key, run) => make('button', { type: 'button', textContent: word(key), on: { click: () => { $('person').close(); run(); } } });
  const rule = (type) => () => connection.send({ type, room: room.name, user: id, target: name });
  $('personacts').replaceChildren(act('write', () => directTo(id, name)), ...(rules() ? [act('doop', rule('op')), act('domute', rule('mute')), act('dokick', rule('kick')), act('doban', rule('ban'))] : []));
  $('person').showModal();
}
function directTo(id, name) {
  const place = `@${[connection.user, id].sort().join('+')}`;
  connection.room(place).title = name; connection.room(place).other = id;
  go(place);
}

// Writing

function say(message) {
  let full = { type: 'send', room: room.name, ...message };
  if (room.title) { full = { ...full, to: other(room), to_name: room.title }; }
  const sent = connection.send(full);
  if (log.found) endSearch(); else room.mark = 0;
  log.addWaiting(sent); log.toEnd(); drawPresent();
}
const commands = {
  me: (rest) => say({ kind: 'me', text: rest }), nick: (rest) => connection.send({ type: 'nick', name: rest }), join: (rest) => rest && go(rest.replace(/^#/, '').toLowerCase()),
  part: () => connection.send({ type: 'part', room: room.name }), topic: (rest) => connection.send({ type: 'topic', room: room.name, text: rest }),
  register: (rest) => connection.send({ type: 'register', password: rest }), help: () => $('help').showModal(), search: (rest) => connection.send({ type: 'search', room: room.name, text: rest }),
  logout: () => connection.send({ type: 'revoke' }),
  msg: (rest) => { const [name, ...text] = rest.split(' '); const found = [...room.members].find(([, n]) => n.toLowerCase() === name.toLowerCase()); if (found) { directTo(...found); if (text.length) setTimeout(() => say({ text: text.join(' ') }), 300); } },
};
for (const type of ['kick', 'ban', 'unban', 'mute', 'unmute', 'op', 'deop']) commands[type] = (rest) => { const found = [...room.members].find(([, n]) => n.toLowerCase() === rest.toLowerCase()); if (found) connection.send({ type, room: room.name, user: found[0], target: found[1] }); };
function submit() {
  const text = $('text').value.trim();
  if (!text || !room) return;
  if (editing) { connection.send({ type: 'edit', room: room.name, seq: editing.seq, text }); endEdit(); } else {
    const command = /^\/(\w+)\s*([\s\S]*)$/.exec(text);
    if (command && commands[command[1]]) commands[command[1]](command[2]);
    else say({ text: text.replace(/^\/\//, '/') });
  }
  $('text').value = ''; grow(); suggest.close();
  if ('Notification' in window && Notification.permission === 'default') Notification.requestPermission();
}
function grow() { const box = $('text'); box.style.height = 'auto'; box.style.height = `${Math.min(180, box.scrollHeight)}px`; }
function startEdit(event) { editing = event; $('editing').hidden = false; $('text').value = event.body.text; grow(); $('text').focus(); }
function endEdit() { if (editing) { editing = null; $('editing').hidden = true; $('text').value = ''; grow(); } }

$('composer').addEventListener('submit', (event) => { event.preventDefault(); submit(); $('text').focus(); });
$('text').addEventListener('blur', () => suggest.close());
$('text').addEventListener('input', () => { grow(); suggest.look(); if (Date.now() - typedAt > 3000 && $('text').value && !$('text').value.startsWith('/')) { typedAt = Date.now(); connection.send({ type: 'typing', room: room.name }); } });
$('text').addEventListener('keydown', (event) => {
  if (event.isComposing || event.keyCode === 229 || suggest.key(event)) return;
  if (event.key === 'Enter' && !event.shiftKey) { event.preventDefault(); submit(); }
  else if (event.key === 'ArrowUp' && !$('text').value && room) { const mine = room.events.findLast((e) => e.from === connection.user && ['text', 'me'].includes(e.kind) && !e.body.deleted); if (mine) { event.preventDefault(); startEdit(mine); } }
});
$('text').addEventListener('paste', (event) => { if (event.clipboardData.files.length) { event.preventDefault(); uploads.add([...event.clipboardData.files]); } });
$('attach').addEventListener('click', () => $('file').click());
$('file').addEventListener('change', () => { uploads.add([...$('file').files]); $('file').value = ''; });
for (const type of ['dragover', 'dragleave', 'drop']) addEventListener(type, (event) => {
  event.preventDefault(); app.classList.toggle('drop', type === 'dragover');
  if (type === 'drop' && room && event.dataTransfer.files.length) uploads.add([...event.dataTransfer.files]);
});

// Controls

$('present').addEventListener('click', () => { if (room) { log.toEnd(); markRead(); drawPresent(); } });
$('newroom').addEventListener('submit', (event) => { event.preventDefault(); const name = $('roomname').value.trim().replace(/^#/, '').toLowerCase(); if (name) { go(name); $('roomname').value = ''; } });
$('menu').addEventListener('click', () => { connection.send({ type: 'rooms' }); app.classList.toggle('show-side'); app.classList.remove('show-who'); });
$('people').addEventListener('click', () => { if (innerWidth > 900) app.classList.toggle('members-off'); else { app.classList.toggle('show-who'); app.classList.remove('show-side'); } });
document.querySelector('.main').addEventListener('click', (event) => { if (!event.target.closest('.top')) app.classList.remove('show-side', 'show-who'); });
$('find').addEventListener('click', () => { $('searchbox').hidden = false; $('searchtext').focus(); });
const endSearch = () => { $('searchbox').hidden = true; if (log.found) { log.open(room); log.toEnd(); drawPresent(); } };
$('searchend').addEventListener('click', endSearch);
$('searchbox').addEventListener('submit', (event) => { event.preventDefault(); const text = $('searchtext').value.trim(); if (text && room) connection.send({ type: 'search', room: room.name, text }); });
$('editend').addEventListener('click', endEdit);
$('language').addEventListener('click', () => { choose(current() === 'en' ? 'zh' : 'en'); words(); if (room) open(room.name); });
addEventListener('focus', () => { focused = true; if (log.stick) markRead(); });
addEventListener('blur', () => { focused = false; });
$('helpopen').addEventListener('click', () => $('help').showModal());
addEventListener('keydown', (event) => {
  if (event.altKey && ['ArrowUp', 'ArrowDown'].includes(event.key)) { event.preventDefault(); const names = [...connection.rooms.keys()]; const step = event.key === 'ArrowDown' ? 1 : -1; open(names[(names.indexOf(room?.name) + step + names.length) % names.length]); }
  else if ((event.ctrlKey || event.metaKey) && event.key === 'k') { event.preventDefault(); app.classList.add('show-side'); $('roomname').focus(); }
  else if (event.key === 'Escape') { if (!$('searchbox').hidden) endSearch(); else if (editing) endEdit(); else if (app.matches('.show-side,.show-who')) app.classList.remove('show-side', 'show-who'); else if (room) { log.toEnd(); } }
  else if (event.key === '?' && !['INPUT', 'TEXTAREA'].includes(document.activeElement.tagName)) $('help').showModal();
});

// Beginning

function helloError(message) {
  const texts = { name_taken: word('taken', { name: message.suggestion }), name_registered: word('registered'), bad_key: word('badkey'), bad_password: word('badpassword') };
  $('helloerror').textContent = texts[message.code] ?? message.text;
  if (message.suggestion) $('name').value = message.suggestion;
  $('passwordrow').hidden = !['name_registered', 'bad_password'].includes(message.code) && $('passwordrow').hidden;
  $('keyrow').hidden = message.code !== 'bad_key' && $('keyrow').hidden;
  if (!$('welcome').open) $('welcome').showModal();
}
$('hello').addEventListener('submit', (event) => {
  event.preventDefault(); $('helloerror').textContent = '';
  connection.start($('name').value.trim(), { password: $('password').value || undefined, key: $('key').value || undefined });
});
$('welcome').addEventListener('cancel', (event) => event.preventDefault());
function words() {
  apply(document); $('language').textContent = word('language');
  const keys = [['Enter', 'h_enter'], ['Shift Enter', 'h_shift'], ['↑', 'h_up'], ['Alt ↑ ↓', 'h_alt'], ['Ctrl K', 'h_k'], ['Esc', 'h_esc'], ['/me', 'h_me'], ['/nick', 'h_nick'], ['/topic', 'h_topic'], ['/msg', 'h_msg'], ['/join', 'h_join'], ['/part', 'h_part'], ['/register', 'h_register'], ['/logout', 'h_logout']];
  $('helplist').replaceChildren(...keys.flatMap(([key, text]) => [make('dt', { textContent: key }), make('dd', { textContent: word(text) })]));
  if (connection.ready) onState('connected'); else $('state').textContent = word('connecting');
  drawRooms();
}
words();
let kept = [];
try { kept = JSON.parse(localStorage.getItem('rooms') || '[]'); } catch { /* a broken entry is none */ }
for (const name of new Set(['lobby', ...kept])) connection.room(name);
wanted = localStorage.getItem('room') || 'lobby';
$('name').value = localStorage.getItem('name') || '';
if ($('name').value) connection.start($('name').value);
else { $('welcome').showModal(); }
setInterval(() => connection.send({ type: 'rooms' }), 60000);
