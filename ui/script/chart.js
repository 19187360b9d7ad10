// Reading values off a curve, and smoothing it, from the points that are drawn; no round trip.
(() => {
  'use strict';
  const {make, once} = window.rwPage;
  // Share of the curve that the running mean forgets over; number 5 is what the server has drawn.
  const SHARES = [0, 1 / 96, 1 / 60, 1 / 36, 1 / 20, 1 / 12, 1 / 9, 1 / 7, 1 / 5, 1 / 3, 1 / 2];
  const DRAWN = 5;
  const points = (text) => text.trim().split(/\s+/).filter(Boolean).map((pair) => pair.split(',').map(Number));

  const chosen = () => {
    const kept = Number(sessionStorage.getItem('rareword-smoothing') ?? DRAWN);
    return kept >= 0 && kept < SHARES.length ? kept : DRAWN;
  };

  function smooth(line) {
    line.dataset.drawn ??= line.getAttribute('points');
    const level = chosen();
    if (level === DRAWN) { line.setAttribute('points', line.dataset.drawn); mark(line); return; }
    const means = points(line.dataset.means);
    const keep = 1 - 1 / Math.max(1, means.length * SHARES[level]);
    let mean = 0, weight = 0;
    line.setAttribute('points', means.map(([x, y]) => {
      mean = keep * mean + (1 - keep) * y;
      weight = keep * weight + (1 - keep);
      return `${x},${(mean / weight).toFixed(1)}`;
    }).join(' '));
    mark(line);
  }

  // The last value, at the end of the curve as it is smoothed now.
  function mark(line) {
    const figure = line.closest('.rw-chart'), end = points(line.getAttribute('points')).at(-1);
    const value = figure.querySelector('.rw-now');
    if (!value || !end) return;
    const {low, high} = figure.dataset;
    value.style.top = `${end[1] / 3}%`;
    value.textContent = Number((high - end[1] / 300 * (high - low)).toPrecision(3));
  }

  const written = (value) => {
    const size = Math.abs(value);
    if (size === 0) return '0';
    return size < 1e-3 ? value.toExponential(2).replace(/\.?0+e/, 'e') : Number(value.toPrecision(4)).toString();
  };

  function nearest(list, x) {
    let low = 0, high = list.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (list[middle][0] < x) low = middle; else high = middle;
    }
    return Math.abs(list[low][0] - x) <= Math.abs(list[high][0] - x) ? list[low] : list[high];
  }

  let reading = null;  // where the pointer is: {chart: number of the figure in its block, block, x}

  function read(figure, clientX) {
    const svg = figure.querySelector('svg');
    const box = svg.getBoundingClientRect();
    const at = Math.min(1000, Math.max(0, (clientX - box.left) / box.width * 1000));
    const {low, high, last} = figure.dataset;
    const rows = [];
    let step = null;
    for (const line of svg.querySelectorAll('polyline')) {
      const twin = line.classList.contains('raw') && svg.querySelector('[data-means]');
      const list = points(twin ? twin.dataset.means : line.getAttribute('points'));
      if (!list.length) continue;
      const [x, y] = nearest(list, at);
      step ??= x;
      const label = figure.querySelector(`figcaption .${line.classList[0]}`);
      const name = label ? label.textContent : '';
      rows.push([line.classList[0], name, written(Number(high) - y / 300 * (high - low))]);
    }
    if (step === null) return;
    let shown = figure.querySelector('.rw-read');
    if (!shown) {
      shown = make('div', {className: 'rw-read'});
      figure.querySelector('.rw-plot').append(shown);
    }
    const said = [['step', figure.dataset.unit, Math.round(step / 1000 * last).toLocaleString()], ...rows];
    shown.replaceChildren(make('div', {}, ...said.map(([className, label, textContent]) =>
      make('span', {className}, label, make('b', {textContent})))));
    const left = box.left - shown.parentElement.getBoundingClientRect().left + step / 1000 * box.width;
    shown.style.left = `${left}px`;
    shown.classList.toggle('is-left', step > 560);
  }

  const forget = () => {
    reading = null;
    document.querySelectorAll('.rw-read').forEach((shown) => shown.remove());
  };
  document.addEventListener('pointermove', (event) => {
    const area = event.target.closest?.('.rw-plot');
    if (!area) { if (reading) forget(); return; }
    const figure = area.closest('.rw-chart');
    if (!figure?.dataset.last) return;
    const block = figure.parentElement;
    const chart = [...block.querySelectorAll('.rw-chart')].indexOf(figure);
    if (reading && (reading.block !== block || reading.chart !== chart)) forget();
    reading = {block, chart, x: event.clientX};
    read(figure, event.clientX);
  });
  document.addEventListener('pointerdown', (event) => {
    if (reading && !event.target.closest?.('.rw-plot')) forget();
  });

  // The curve is drawn anew whenever the run has something new: what was chosen and read off stays.
  function renew(block) {
    const slider = document.querySelector('#run-smoothing input');
    if (slider && slider !== document.activeElement) slider.value = chosen();
    block.querySelectorAll('polyline[data-means]').forEach(smooth);
    if (!reading || !reading.block.isConnected) { reading = null; return; }
    const figure = reading.block.querySelectorAll('.rw-chart')[reading.chart];
    if (figure) read(figure, reading.x);
  }
  document.addEventListener('input', (event) => {
    if (!event.target.matches('#run-smoothing input')) return;
    sessionStorage.setItem('rareword-smoothing', event.target.value);
    document.querySelectorAll('polyline[data-means]').forEach(smooth);
  });
  once(() => document.getElementById('run-chart'), (block) => {
    const blocks = [block, document.getElementById('run-smoothing')].filter(Boolean);
    const watch = () => blocks.forEach((each) => watching.observe(each, {childList: true, subtree: true}));
    const watching = new MutationObserver(() => {
      watching.disconnect();  // what is drawn here is no news
      renew(block);
      watch();
    });
    renew(block);
    watch();
  });
})();
