// Names that complete what stands after an @ before the caret; keyboard first.
import { face } from './log.js';
import { make } from './text.js';

const MOST = 6, ASKED = /(^|[\s(（,，])@([\p{L}\p{N}_.\-]*)$/u;

export class Suggest {
  constructor(box, list, people) { Object.assign(this, { box, list, people, found: [], at: 0 }); }
  get open() { return this.found.length > 0; }
  close() { this.found = []; this.draw(); }
  look() {
    const asked = ASKED.exec(this.box.value.slice(0, this.box.selectionStart))?.[2].toLowerCase();
    const good = asked === undefined ? [] : this.people().filter(([, name]) => name.toLowerCase().startsWith(asked));
    // A name that is written out needs no help; Enter is to send it.
    this.found = good.length === 1 && good[0][1].toLowerCase() === asked ? [] : good.slice(0, MOST);
    this.at = 0;
    this.draw();
  }
  draw() {
    this.list.hidden = !this.open;
    this.list.replaceChildren(...this.found.map(([id, name], index) => {
      const button = make('button', { type: 'button', role: 'option', tabIndex: -1, on: { mousedown: (event) => { event.preventDefault(); this.pick(index); } } }, face(id, name), make('span', { className: 'label', textContent: name }));
      button.setAttribute('aria-selected', String(index === this.at));
      return button;
    }));
  }
  pick(index) {
    const { box } = this, caret = box.selectionStart, before = box.value.slice(0, caret).replace(/@[\p{L}\p{N}_.\-]*$/u, `@${this.found[index][1]} `);
    box.value = before + box.value.slice(caret);
    box.setSelectionRange(before.length, before.length);
    this.close();
  }
  // Whether the key was for the list.
  key(event) {
    if (!this.open) return false;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') { this.at = (this.at + (event.key === 'ArrowDown' ? 1 : -1) + this.found.length) % this.found.length; this.draw(); }
    else if (event.key === 'Enter' || event.key === 'Tab') this.pick(this.at);
    else if (event.key === 'Escape') { event.stopPropagation(); this.close(); }
    else return false;
    event.preventDefault();
    return true;
  }
}
