// A message's text as nodes: code, bold, italics, struck, quotes, links, @names.
// Only text nodes and elements made here; nothing of a message is ever parsed as HTML.
const INLINE = /(`[^`\n]+`)|(\*\*[^*\n]+\*\*)|(?<![\w*])(\*[^*\s][^*\n]*\*)(?!\w)|(~~[^~\n]+~~)|(https?:\/\/[^\s<>"'`]+|mailto:[^\s<>"'`]+)|(@[\p{L}\p{N}_.\-]+)/gu;

export function make(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === 'on') for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name in node && name !== 'list') node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function link(url, text) {
  let parsed;
  try { parsed = new URL(url); } catch { return document.createTextNode(text); }
  if (!['http:', 'https:', 'mailto:'].includes(parsed.protocol)) return document.createTextNode(text);
  return make('a', { href: parsed.href, target: '_blank', rel: 'noopener noreferrer nofollow', textContent: text });
}

function inline(text, into, me, depth = 0) {
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    into.append(text.slice(at, match.index));
    const [all, code, bold, italic, struck, url] = match;
    at = match.index + all.length;
    if (code) into.append(make('code', { textContent: all.slice(1, -1) }));
    else if (depth < 3 && (bold || struck)) { const node = make(bold ? 'strong' : 's'); inline(all.slice(2, -2), node, me, depth + 1); into.append(node); }
    else if (depth < 3 && italic) { const node = make('em'); inline(all.slice(1, -1), node, me, depth + 1); into.append(node); }
    else if (url) {
      const tail = /[.,;:!?)\]}。,、;:!?)】》」]+$/u.exec(all)?.[0] ?? '';
      const clean = tail && !(tail[0] === ')' && all.includes('(')) ? all.slice(0, -tail.length) : all;
      into.append(link(clean, clean), all.slice(clean.length));
    } else if (bold || italic || struck) into.append(all);
    else into.append(make('span', { className: all.slice(1).toLowerCase() === me ? 'at mine' : 'at', textContent: all }));
  }
  into.append(text.slice(at));
}

export function render(text, name = '') {
  const me = name.toLowerCase();
  const root = document.createDocumentFragment();
  text.split(/```(?:[\w+-]*\n)?([\s\S]*?)```\n?/).forEach((part, index) => {
    if (index % 2) { root.append(make('pre', {}, make('code', { textContent: part.replace(/\n$/, '') }))); return; }
    let quote = null;
    part.split('\n').forEach((line, number, lines) => {
      if (line.startsWith('> ')) {
        if (!quote) { quote = make('blockquote'); root.append(quote); } else quote.append('\n');
        inline(line.slice(2), quote, me);
        return;
      }
      quote = null;
      inline(line, root, me);
      if (number < lines.length - 1 && !lines[number + 1].startsWith('> ')) root.append('\n');
    });
  });
  return root;
}
