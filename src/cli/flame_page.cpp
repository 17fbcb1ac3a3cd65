// The page of `aiocpp top --sample -o`: two flame graphs. The widths are counts; the children of a frame are what it awaited. No name
// becomes HTML.
#include "cli/page.hpp"

namespace aio::cli {

const char* const kFlamePage = R"HTML(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>aiocpp samples</title>
<style>
body { margin: 10px; font: 13px sans-serif; color: #222; }
h2 { font-size: 14px; margin: 14px 0 4px; }
.graph { position: relative; }
.frame { position: absolute; height: 17px; box-sizing: border-box; overflow: hidden; white-space: nowrap; font-size: 11px;
  line-height: 17px; padding: 0 3px; border: 1px solid #fff; cursor: pointer; }
.frame.found { outline: 2px solid #d0021b; }
#detail { min-height: 1.4em; }
</style></head><body>
<input id="search" placeholder="Find a function or wait" size="32"> <button id="all">All</button> <span id="found"></span>
<p id="detail"></p>
<h2>Where loops spend their time</h2><div class="graph" id="loops"></div>
<h2>Where tasks wait</h2><div class="graph" id="tasks"></div>
<script type="application/json" id="data">@DATA@</script>
<script>
'use strict';
const $ = id => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const kHeight = 17;
function grow(chains) {
  const root = { name: 'all', count: 0, below: new Map(), above: null };
  for (const { chain, count } of chains) {
    let node = root;
    node.count += count;
    for (const name of chain) {
      if (!node.below.has(name)) node.below.set(name, { name, count: 0, below: new Map(), above: node });
      node = node.below.get(name);
      node.count += count;
    }
  }
  return root;
}
const graphs = ['loops', 'tasks'].map(id => { const root = grow(data[id]); return { box: $(id), root, top: root }; });
let needle = '';
function color(name) {
  let hash = 0;
  for (const c of name) hash = (hash * 31 + c.charCodeAt(0)) >>> 0;
  return name.startsWith('waits for ') || name.startsWith('asleep') ? '#dfe6ee' : `hsl(${20 + hash % 40} 80% ${70 + hash % 12}%)`;
}
function draw(graph) {
  const frames = [];
  let deepest = 0, found = 0;
  const path = [];
  for (let node = graph.top; node; node = node.above) path.unshift(node);
  const add = (node, depth, left, width) => {
    deepest = Math.max(deepest, depth);
    const frame = document.createElement('div');
    const share = graph.root.count ? node.count / graph.root.count : 0;
    frame.className = 'frame';
    frame.textContent = node.name;
    frame.title = node.name;
    frame.style.cssText = `left:${left * 100}%;width:${width * 100}%;top:${depth * kHeight}px;background:${color(node.name)}`;
    if (needle && node.name.toLowerCase().includes(needle)) { frame.classList.add('found'); ++found; }
    frame.onclick = () => {
      graph.top = node;
      draw(graph);
      $('detail').textContent = node.name + ': ' + (share * 100).toFixed(1) + ' %, ' + (node.count / data.looks).toFixed(2) + ' on average in ' + data.looks + ' looks';
    };
    frames.push(frame);
  };
  path.slice(0, -1).forEach((node, depth) => add(node, depth, 0, 1));
  // Breadth first; what is too narrow to see is left out.
  let level = [{ node: graph.top, left: 0, width: 1 }];
  for (let depth = path.length - 1; level.length; ++depth) {
    const next = [];
    for (const { node, left, width } of level) {
      add(node, depth, left, width);
      let at = left;
      for (const child of [...node.below.values()].sort((a, b) => b.count - a.count)) {
        const wide = width * child.count / node.count;
        if (wide > 0.0008) next.push({ node: child, left: at, width: wide });
        at += wide;
      }
    }
    level = next;
  }
  graph.box.replaceChildren(...frames);
  graph.box.style.height = (deepest + 1) * kHeight + 'px';
  return found;
}
const drawAll = () => graphs.reduce((sum, graph) => sum + draw(graph), 0);
$('search').oninput = () => { needle = $('search').value.toLowerCase(); const found = drawAll(); $('found').textContent = needle ? found + ' found' : ''; };
$('all').onclick = () => { for (const graph of graphs) graph.top = graph.root; drawAll(); $('detail').textContent = ''; };
drawAll();
</script></body></html>
)HTML";

}  // namespace aio::cli
