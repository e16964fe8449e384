// Files on their way to the server: one request each, with progress, one after the other.
import { make } from './text.js';
import { word } from './words.js';
import { size } from './log.js';

export class Uploads {
  constructor(root, connection, done, failed) { Object.assign(this, { root, connection, done, failed }); this.queue = Promise.resolve(); }
  add(files) { for (const file of files) this.queue = this.queue.then(() => this.one(file)); }
  one(file) {
    const most = this.connection.limits.file_bytes ?? 0;
    if (file.size > most) { this.failed(word('toobig', { name: file.name, size: size(most) })); return undefined; }
    const request = new XMLHttpRequest();
    const bar = make('progress', { max: 1, value: 0 });
    const row = make('div', { className: 'upload' }, make('span', { className: 'label', textContent: word('filewait', { name: file.name }) }), bar,
      make('button', { className: 'ghost', type: 'button', textContent: word('cancel'), on: { click: () => request.abort() } }));
    this.root.append(row);
    return new Promise((resolve) => {
      request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; };
      request.onloadend = () => {
        row.remove();
        let answer = {};
        try { answer = JSON.parse(request.responseText); } catch { /* no answer is told below */ }
        if (request.status === 201) this.done(answer);
        else if (request.status || request.readyState === 4) this.failed(word('uploadfailed', { name: file.name, text: answer.text ?? String(request.status || '') }));
        resolve();
      };
      request.open('POST', '/upload');
      request.setRequestHeader('X-Token', this.connection.token);
      request.setRequestHeader('X-Name', encodeURIComponent(file.name));
      request.send(file);
    });
  }
}
