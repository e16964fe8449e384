// Every word of the page, in both languages. A test holds the keys and placeholders equal.
export const TABLE = {
  en: {
    rooms: 'Rooms', direct: 'Private', people: 'People', newroom: 'Open a room', search: 'Search', close: 'Close',
    messages: 'Messages', attach: 'Send a file', message: 'Message', send: 'Send', editing: 'Editing your message',
    yourname: 'Your name', password: 'Password of this name', key: 'Password of this server', join: 'Join', help: 'Keys and commands',
    hint: 'Message {room}', connected: 'connected', connecting: 'connecting', again: 'trying again in {seconds} s',
    offline: 'Not connected. What you write is kept and sent later.', recovered: 'Connected again, {count} missed messages fetched.',
    restart: 'Connected again. The server no longer has all messages in between.', gap: '{count} messages here are no longer kept.',
    older: 'Loading older messages…', newline: 'New', jump: 'Jump to the newest', jumpnew: '{count} new', today: 'Today', yesterday: 'Yesterday',
    typing1: '{name} is writing…', typing2: '{count} people are writing…', edited: '(edited)', deleted: 'Message deleted',
    edit: 'Edit', remove: 'Delete', reply: 'Quote', you: 'you', taken: 'Somebody has this name. {name} may be free.',
    registered: 'This name is registered.', badkey: 'This server has a password, and that is not it.', badpassword: 'That is not the password.',
    topic: '{name} set the topic: {text}', kick: '{name} removed {target}', ban: '{name} banned {target}', unban: '{name} lifted the ban of {target}',
    mute: '{name} muted {target}', unmute: '{name} unmuted {target}', op: '{target} is an operator', deop: '{target} is no longer an operator',
    came: '{names} joined', left: '{names} left', and: ', ', andmore: '{names} and {count} more', removed: 'You were removed from {room}.',
    write: 'Write privately', dokick: 'Remove', doban: 'Ban', domute: 'Mute', doop: 'Make operator', operator: 'operator',
    found: '{count} found for “{text}”', toobig: '{name} is larger than {size}.', failed: 'Not sent: {text}', uploadfailed: '{name} was not sent: {text}',
    slow: 'Too fast; wait a moment.', filewait: 'Uploading {name}', cancel: 'Cancel', behind: 'Your connection is slow; catching up.', empty: 'Nothing has been said yet. Say hello.',
    begin: 'This is the beginning of {room}', begin1: 'You and {room}', beginhint: 'Everything said here is kept, in this order.', nodirect: 'Choose a person to write to them alone.',
    lead: 'Choose the name the others will see.', revoked: 'Your other devices are signed out.', out: 'You were signed out by another of your devices.', h_logout: 'sign out all your other devices',
    h_enter: 'send', h_shift: 'new line', h_up: 'edit your last message', h_alt: 'next or previous room', h_k: 'go to a room', h_esc: 'close, or to the newest',
    h_me: 'about yourself', h_nick: 'another name', h_topic: 'what the room is about', h_msg: 'write privately', h_join: 'enter a room', h_part: 'leave the room', h_register: 'keep your name', language: '中文',
  },
  zh: {
    rooms: '聊天室', direct: '私聊', people: '成员', newroom: '新建聊天室', search: '搜索', close: '关闭',
    messages: '消息', attach: '发送文件', message: '消息', send: '发送', editing: '正在编辑消息',
    yourname: '你的名字', password: '此名字的密码', key: '服务器密码', join: '加入', help: '快捷键与命令',
    hint: '发消息到 {room}', connected: '已连接', connecting: '连接中', again: '{seconds} 秒后重试',
    offline: '未连接。你写的内容会保留，稍后发送。', recovered: '已重新连接，补回 {count} 条消息。',
    restart: '已重新连接。服务器不再保有期间的全部消息。', gap: '此处有 {count} 条消息已不再保留。',
    older: '正在加载更早的消息…', newline: '新消息', jump: '回到最新', jumpnew: '{count} 条新消息', today: '今天', yesterday: '昨天',
    typing1: '{name} 正在输入…', typing2: '{count} 人正在输入…', edited: '（已编辑）', deleted: '消息已删除',
    edit: '编辑', remove: '删除', reply: '引用', you: '你', taken: '这个名字已有人使用。可以试试 {name}。',
    registered: '这个名字已注册。', badkey: '此服务器有密码，输入的不对。', badpassword: '密码不对。',
    topic: '{name} 设置了话题：{text}', kick: '{name} 移出了 {target}', ban: '{name} 封禁了 {target}', unban: '{name} 解除了对 {target} 的封禁',
    mute: '{name} 禁言了 {target}', unmute: '{name} 解除了对 {target} 的禁言', op: '{target} 成为管理员', deop: '{target} 不再是管理员',
    came: '{names} 加入', left: '{names} 离开', and: '、', andmore: '{names} 以及另外 {count} 人', removed: '你被移出了 {room}。',
    write: '发私信', dokick: '移出', doban: '封禁', domute: '禁言', doop: '设为管理员', operator: '管理员',
    found: '“{text}”找到 {count} 条', toobig: '{name} 超过 {size}。', failed: '未发送：{text}', uploadfailed: '{name} 未发送：{text}',
    slow: '发送太快，请稍等。', filewait: '正在上传 {name}', cancel: '取消', behind: '你的连接较慢，正在补齐。', empty: '这里还没有消息。打个招呼吧。',
    begin: '{room} 从这里开始', begin1: '你和 {room}', beginhint: '这里说过的一切都按此顺序保留。', nodirect: '点一位成员，即可单独写给对方。',
    lead: '取一个大家会看到的名字。', revoked: '其他设备已退出登录。', out: '你已被另一台设备退出登录。', h_logout: '退出其他所有设备',
    h_enter: '发送', h_shift: '换行', h_up: '编辑上一条消息', h_alt: '下一个或上一个聊天室', h_k: '前往聊天室', h_esc: '关闭，或回到最新',
    h_me: '描述自己', h_nick: '改名', h_topic: '聊天室话题', h_msg: '发私信', h_join: '进入聊天室', h_part: '离开聊天室', h_register: '注册名字', language: 'English',
  },
};
let language = localStorage.getItem('language') || (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');
export const current = () => language;
export function choose(wish) { language = wish; localStorage.setItem('language', wish); }
export function word(key, values = {}) {
  return TABLE[language][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}
export function apply(root) {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const node of root.querySelectorAll('[data-word]')) node.textContent = word(node.dataset.word);
  for (const node of root.querySelectorAll('[data-aria]')) { node.setAttribute('aria-label', word(node.dataset.aria)); if (node.tagName === 'BUTTON') node.title = word(node.dataset.aria); }
  for (const node of root.querySelectorAll('[data-hint]')) node.placeholder = word(node.dataset.hint);
}
