// The page of `aiocpp trace view`. It draws on a canvas: a trace has hundreds of thousands of slices. Loops are lanes with their
// steps and polls; below them are tasks and requests, a bar each, with their waits. No name of the trace becomes HTML.
#include "cli/page.hpp"

namespace aio::cli {

const char* const kTracePage = R"HTML(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>aiocpp trace</title>
<style>
body { margin: 0; font: 13px sans-serif; display: grid; grid-template-columns: 1fr 26em; height: 100vh; color: #222; }
main { overflow: hidden; display: flex; flex-direction: column; }
header { padding: 6px 10px; border-bottom: 1px solid #ccc; }
#rows { flex: 1; overflow-y: auto; position: relative; }
canvas { position: sticky; top: 0; display: block; }
aside { border-left: 1px solid #ccc; padding: 10px; overflow: auto; }
h2 { font-size: 14px; margin: 12px 0 4px; }
ol { padding-left: 1.6em; margin: 0; }
button { font: inherit; }
li button { border: 0; background: none; color: #0645ad; padding: 1px 0; text-align: left; cursor: pointer; }
table { border-collapse: collapse; } td { padding: 1px 8px 1px 0; vertical-align: top; overflow-wrap: anywhere; }
</style></head><body>
<main><header>
<input id="search" placeholder="Find a task or request" size="32"> <span id="found"></span>
<button id="in">+</button> <button id="out">−</button> <button id="all">All</button>
<span id="span"></span></header>
<div id="rows"><canvas id="picture"></canvas><div id="height"></div></div></main>
<aside><h2 id="title">Click a bar</h2><table id="details"></table><ol id="waits"></ol>
<h2>The ten longest steps</h2><ol id="longest"></ol><p id="lost"></p>
<p>Wheel: zoom. Drag: move. Shift and wheel: scroll.</p></aside>
<script type="application/json" id="data">@DATA@</script>
<script>
'use strict';
const $ = id => document.getElementById(id);
const trace = JSON.parse($('data').textContent);
const rows = [], byId = new Map(), steps = [];
let first = Infinity, last = -Infinity;
const kHeight = 18, kLeft = 170;
const rowOf = (key, name, kind) => {
  let row = byId.get(key);
  if (!row) byId.set(key, row = { key, name, kind, bars: [], open: [] });
  return row;
};
const time = us => us < 1000 ? us.toFixed(3) + ' µs' : us < 1e6 ? (us / 1000).toFixed(3) + ' ms' : (us / 1e6).toFixed(3) + ' s';
for (const event of trace.traceEvents) {
  if (event.ph === 'M') { rowOf('loop ' + event.tid, event.args.name, 'loop').name = event.args.name; continue; }
  first = Math.min(first, event.ts);
  last = Math.max(last, event.ts + (event.dur || 0));
  const loop = rowOf('loop ' + event.tid, 'loop ' + event.tid, 'loop');
  if (event.ph === 'X' || event.ph === 'i') {
    const bar = { name: event.name, kind: event.cat, from: event.ts, to: event.ts + (event.dur || 0), args: event.args || {}, row: loop };
    loop.bars.push(bar);
    if (event.cat === 'step') steps.push(bar);
  } else if (event.ph === 'b') {
    const row = rowOf(event.id, event.name, event.cat);
    if (event.name.length > row.name.length && !row.open.length) row.name = event.name;
    const bar = { name: event.name, kind: row.open.length ? 'wait' : event.cat, from: event.ts, to: null, args: event.args || {}, row };
    row.bars.push(bar);
    row.open.push(bar);
  } else if (event.ph === 'e') {
    const row = byId.get(event.id), bar = row && row.open.pop();
    if (bar) bar.to = event.ts;
  }
}
for (const row of byId.values()) for (const bar of row.bars) if (bar.to === null) bar.to = last;
const order = { loop: 0, request: 1, task: 2 };
rows.push(...byId.values());
rows.sort((a, b) => order[a.kind] - order[b.kind] || (a.bars[0] ? a.bars[0].from : 0) - (b.bars[0] ? b.bars[0].from : 0));
rows.forEach((row, index) => row.index = index);
if (!(first < last)) { first = first === Infinity ? 0 : first; last = first + 1; }
let from = first, to = last, chosen = null, matches = [], match = -1;

const colors = { step: '#4a90d9', poll: '#dddddd', callback: '#9b7fc9', io: '#d98a2b', task: '#bcdcf7', wait: '#f2e2a8', request: '#8fce9a' };
const canvas = $('picture'), box = $('rows');
function draw() {
  const width = box.clientWidth, height = box.clientHeight, scale = devicePixelRatio || 1;
  canvas.width = width * scale; canvas.height = height * scale;
  canvas.style.width = width + 'px'; canvas.style.height = height + 'px';
  $('height').style.height = Math.max(0, rows.length * kHeight - height) + 'px';
  const paint = canvas.getContext('2d');
  paint.scale(scale, scale);
  paint.font = '11px sans-serif';
  const top = Math.floor(box.scrollTop / kHeight), shown = Math.ceil(height / kHeight) + 1;
  const x = t => kLeft + (t - from) / (to - from) * (width - kLeft);
  for (const row of rows.slice(top, top + shown)) {
    const y = row.index * kHeight - box.scrollTop;
    let painted = -1;
    for (const bar of row.bars) {
      if (bar.to < from || bar.from > to) continue;
      const left = Math.max(x(bar.from), kLeft), right = Math.min(x(bar.to), width), wide = Math.max(right - left, 1);
      if (wide <= 1 && left - painted < 1 && bar !== chosen) continue;
      painted = left;
      const inner = bar.kind === 'wait' ? 3 : 0;
      paint.fillStyle = bar === chosen ? '#d0021b' : colors[bar.kind] || '#cccccc';
      paint.fillRect(left, y + 1 + inner, wide, kHeight - 2 - 2 * inner);
      if (wide > 40) { paint.fillStyle = '#222'; paint.save(); paint.beginPath(); paint.rect(left, y, wide, kHeight); paint.clip(); paint.fillText(bar.name, left + 3, y + 13); paint.restore(); }
    }
    paint.fillStyle = matches.includes(row) ? '#ffe08a' : '#f6f6f6';
    paint.fillRect(0, y, kLeft - 2, kHeight - 1);
    paint.fillStyle = '#222';
    paint.fillText(row.name.slice(0, 28), 4, y + 13);
  }
  $('span').textContent = time(to - from) + ' from ' + time(from - first);
}
function view(a, b) { from = a; to = Math.max(b, a + 0.001); draw(); }
function zoom(factor, at = (from + to) / 2) { view(at - (at - from) * factor, at + (to - at) * factor); }
function cells(pairs) {
  $('details').replaceChildren(...pairs.map(([name, value]) => {
    const line = document.createElement('tr');
    for (const text of [name, value]) { const cell = document.createElement('td'); cell.textContent = text; line.append(cell); }
    return line;
  }));
}
function link(text, act) {
  const item = document.createElement('li'), button = document.createElement('button');
  button.textContent = text; button.onclick = act; item.append(button);
  return item;
}
function reveal(row) { box.scrollTop = Math.max(0, row.index * kHeight - box.clientHeight / 2); }
function choose(bar) {
  chosen = bar;
  $('title').textContent = bar.name;
  cells([['took', time(bar.to - bar.from)], ['began', time(bar.from - first)], ...Object.entries(bar.args)]);
  // What the task waited for, the longest first; and who waited for it.
  const task = bar.kind === 'step' ? byId.get(bar.row.key.slice(5) + '.' + bar.args.task) : bar.row.kind === 'loop' ? null : bar.row;
  const list = [];
  if (task) {
    for (const wait of task.bars.filter(each => each.kind === 'wait').sort((a, b) => b.to - b.from - a.to + a.from).slice(0, 10))
      list.push(link(time(wait.to - wait.from) + ' ' + wait.name, () => { reveal(task); center(wait); }));
    const id = Number(task.key.split('.')[1]), name = 'waits for ' + task.name.split(' ')[0];
    for (const step of steps) if (step.args.awaits === id && step.row.key === 'loop ' + task.key.split('.')[0] && list.length < 20)
      list.push(link('awaited by ' + step.name + ', ' + name, () => center(step)));
    if (bar.args.awaits) { const other = byId.get(task.key.split('.')[0] + '.' + bar.args.awaits); if (other && other.bars[0]) list.push(link('go to ' + other.name, () => { reveal(other); center(other.bars[0]); })); }
  }
  $('waits').replaceChildren(...list);
  draw();
}
function center(bar) { const room = Math.max(bar.to - bar.from, 1) * 2; reveal(bar.row); view(bar.from - room, bar.to + room); choose(bar); }
steps.filter(step => step.args.steps === 1).sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, 10)
  .forEach(step => $('longest').append(link(time(step.to - step.from) + ' ' + step.name, () => center(step))));
const lost = (trace.otherData || {})['overwritten events'] || 0;
$('lost').textContent = lost ? lost + ' older events were overwritten.' : '';
$('search').oninput = () => {
  const text = $('search').value.toLowerCase();
  matches = text ? rows.filter(row => row.name.toLowerCase().includes(text)) : [];
  match = -1;
  $('found').textContent = text ? matches.length + ' found' : '';
  if (matches.length) reveal(matches[0]);
  draw();
};
$('search').onkeydown = event => {
  if (event.key !== 'Enter' || !matches.length) return;
  match = (match + 1) % matches.length;
  const row = matches[match];
  if (row.bars.length) center(row.bars[0]); else reveal(row);
};
$('in').onclick = () => zoom(0.5); $('out').onclick = () => zoom(2); $('all').onclick = () => view(first, last);
const timeAt = pixel => from + (pixel - kLeft) / (box.clientWidth - kLeft) * (to - from);
box.onwheel = event => { if (event.shiftKey) return; event.preventDefault(); zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event.offsetX)); };
box.onscroll = draw;
let drag = null;
canvas.onpointerdown = event => { drag = { x: event.offsetX, from, to, moved: false }; canvas.setPointerCapture(event.pointerId); };
canvas.onpointermove = event => {
  if (!drag) return;
  const by = (drag.x - event.offsetX) / (box.clientWidth - kLeft) * (drag.to - drag.from);
  if (Math.abs(drag.x - event.offsetX) > 3) drag.moved = true;
  if (drag.moved) view(drag.from + by, drag.to + by);
};
canvas.onpointerup = event => { if (drag && !drag.moved) hit(event.offsetX, event.offsetY); drag = null; };
function hit(x, y) {
  const row = rows[Math.floor((y + box.scrollTop) / kHeight)];
  if (!row) return;
  const slack = (to - from) / (box.clientWidth - kLeft) * 2, at = timeAt(x);
  const under = row.bars.filter(bar => bar.from - slack <= at && at <= bar.to + slack);
  // The innermost: that which is shortest.
  under.sort((a, b) => (a.to - a.from) - (b.to - b.from));
  if (under.length) choose(under[0]);
}
addEventListener('resize', draw);
draw();
</script></body></html>
)HTML";

}  // namespace aio::cli
