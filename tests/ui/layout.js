// What is looked at on a page that is open in a browser; read by layout.py.
const seen = (element) => {
  const box = element.getBoundingClientRect();
  return box.width > 1 && box.height > 1
    && element.checkVisibility({visibilityProperty: true, opacityProperty: true});
};
const text = (element) => [...element.childNodes]
  .filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent.trim()).join(' ').trim();
const name = (element) => {
  const owner = element.closest('[id]');
  return (owner ? '#' + owner.id + ' ' : '') + element.tagName.toLowerCase() + ' “' + text(element).slice(0, 60) + '”';
};
const worded = () => [...document.querySelectorAll('body *')].filter((element) =>
  !['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION', 'TITLE'].includes(element.tagName) && text(element) && seen(element));

const cutOff = () => {
  const found = [];
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide > 0) found.push('the page is ' + wide + ' px wider than its window');
  for (const element of worded()) {
    const box = element.getBoundingClientRect();
    let scrolls = false, trails = false;  // trails: what is too long ends in dots, and is shown whole elsewhere
    for (let around = element; around && around !== document.body; around = around.parentElement) {
      const style = getComputedStyle(around);
      if (['auto', 'scroll'].includes(style.overflowX)) { scrolls = true; }
      if (scrolls || !['hidden', 'clip'].includes(style.overflowX)) continue;
      const frame = around.getBoundingClientRect();
      const inner = around === element ? element.scrollWidth - element.clientWidth : box.right - frame.right;
      trails = style.textOverflow === 'ellipsis';
      if (inner > 1.5 && !trails) found.push('cut off at the right: ' + name(element));
      break;
    }
    if (!scrolls && !trails && box.right > window.innerWidth + 1) found.push('out of the window: ' + name(element));
  }
  return [...new Set(found)];
};

const pale = () => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);
  const ground = (element) => {
    const layers = [];
    for (let around = element; around; around = around.parentElement) {
      const style = getComputedStyle(around);
      if (style.backgroundImage !== 'none') return null;
      layers.push(rgba(style.backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const hints = [...document.querySelectorAll('[placeholder]')].filter((field) => field.placeholder.trim() && field.checkVisibility());
  const written = [...worded().map((one) => [one, getComputedStyle(one)]), ...hints.map((one) => [one, getComputedStyle(one, '::placeholder')])];
  const found = [];
  for (const [element, style] of written) {
    const below = ground(element);
    if (!below || element.closest('[disabled], .rw-zoom')) continue;
    let opacity = 1;
    for (let around = element; around; around = around.parentElement) opacity *= Number(getComputedStyle(around).opacity);
    const ink = rgba(style.color);
    ink[3] *= opacity * (hints.includes(element) ? Number(style.opacity) : 1);
    const [a, b] = [light(over(ink, below)), light(below)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (contrast < least) found.push(contrast.toFixed(2) + ': ' + name(element));
  }
  return [...new Set(found)];
};
