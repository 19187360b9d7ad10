// Two dialogs over one image: a frame to crop it by, and a brush for its mask. Both work on a copy of at most
// 1,024 pixels; the server gets shares of the image's sides, or the mask as a PNG of black and white.
(() => {
  'use strict';
  const {make, button} = window.rwPage;
  const press = (text, act, style = '') => button(text, act, `rw-act ${style}`);
  function dialogOf(title, help, words) {
    const stage = make('div', {className: 'rw-stage'}), tools = make('div', {className: 'rw-desk-tools'});
    const dialog = window.rwPage.dialog('rw-zoom rw-desk', make('h3', {textContent: title}),
      make('p', {textContent: help}), stage, tools);
    dialog.setAttribute('aria-label', title);
    const cancel = press(words['images.cancel'], () => dialog.close(), 'is-quiet');
    return {dialog, stage, tools, cancel};
  }
  const loaded = (source) => new Promise((is, not) => {
    const image = make('img', {alt: '', draggable: false});
    image.addEventListener('load', () => is(image));
    image.addEventListener('error', not);
    image.src = source;
  });
  const within = (value, least, most) => Math.min(most, Math.max(least, value));

  window.rwCrop = async ({name, plain, size: [fullWidth, fullHeight], words}, send) => {
    const image = await loaded(plain).catch(() => null);
    if (!image) return;
    const {dialog, stage, tools, cancel} = dialogOf(words['crop.title'].replace('#', name), words['crop.help'], words);
    const frame = make('div', {className: 'rw-crop', tabIndex: 0, role: 'application'});
    frame.setAttribute('aria-label', words['crop.help']);
    for (const corner of ['nw', 'ne', 'sw', 'se']) frame.append(make('i', {className: `is-${corner}`}));
    const size = make('output');
    stage.append(image, frame);
    // Shares of the image: left, top, width, height.
    let box = {x: 0.05, y: 0.05, w: 0.9, h: 0.9}, ratio = 0;
    const across = image.naturalWidth, down = image.naturalHeight;
    const least = 0.03;
    const draw = () => {
      for (const [side, value] of [['left', box.x], ['top', box.y], ['width', box.w], ['height', box.h]]) {
        frame.style[side] = `${100 * value}%`;
      }
      // In pixels of the file, which are to be held against the resolution; of the caption card they are not known.
      size.textContent = fullHeight ? `${Math.round(fullWidth * box.w)} × ${Math.round(fullHeight * box.h)}`
        : `${Math.round(100 * box.w)} % × ${Math.round(100 * box.h)} %`;
    };
    const shaped = () => {
      if (!ratio) return;
      const wanted = ratio * down / across;  // width over height, in shares
      if (box.w / box.h > wanted) box.w = box.h * wanted; else box.h = box.w / wanted;
    };
    const settle = () => {
      box.w = within(box.w, least, 1); box.h = within(box.h, least, 1);
      shaped();
      box.x = within(box.x, 0, 1 - box.w); box.y = within(box.y, 0, 1 - box.h);
      draw();
    };
    const at = (event) => {
      const {left, top, width, height} = image.getBoundingClientRect();
      return [within((event.clientX - left) / width, 0, 1), within((event.clientY - top) / height, 0, 1)];
    };
    stage.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      stage.setPointerCapture(event.pointerId);
      const [x, y] = at(event), start = {...box}, corner = event.target.className;
      const moves = event.target === frame;
      const fixed = corner.startsWith?.('is-')
        ? [corner.endsWith('w') ? start.x + start.w : start.x, corner.includes('-n') ? start.y + start.h : start.y]
        : [x, y];
      const drag = (moved) => {
        const [nowX, nowY] = at(moved);
        if (moves) box = {...start, x: start.x + nowX - x, y: start.y + nowY - y};
        else box = {x: Math.min(fixed[0], nowX), y: Math.min(fixed[1], nowY),
          w: Math.abs(nowX - fixed[0]), h: Math.abs(nowY - fixed[1])};
        settle();
      };
      stage.addEventListener('pointermove', drag);
      stage.addEventListener('pointerup', () => stage.removeEventListener('pointermove', drag), {once: true});
    });
    frame.addEventListener('keydown', (event) => {
      const [x, y] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key] || [];
      if (x === undefined) return;
      event.preventDefault();
      if (event.shiftKey) { box.w += 0.01 * x; box.h += 0.01 * y; } else { box.x += 0.01 * x; box.y += 0.01 * y; }
      settle();
    });
    const shapes = make('select');
    shapes.setAttribute('aria-label', words['crop.ratio']);
    for (const [text, value] of [[words['crop.free'], 0], ['1 : 1', 1], ['2 : 3', 2 / 3], ['3 : 2', 1.5], ['3 : 4', 0.75], ['4 : 3', 4 / 3]]) {
      shapes.append(make('option', {textContent: text, value}));
    }
    shapes.addEventListener('change', () => { ratio = Number(shapes.value); settle(); });
    const apply = press(words['crop.apply'], () => {
      dialog.close();
      send([box.x, box.y, Math.min(1, box.x + box.w), Math.min(1, box.y + box.h)].map((n) => n.toFixed(5)).join(' '));
    }, 'is-main');
    tools.append(shapes, size, make('span'), cancel, apply);
    settle();
    dialog.showModal();
    frame.focus();
  };

  window.rwMask = async ({name, plain, mask, words}, send) => {
    const image = await loaded(plain).catch(() => null);
    if (!image) return;
    const before = mask ? await loaded(mask).catch(() => null) : null;
    const {dialog, stage, tools, cancel} = dialogOf(words['mask.title'].replace('#', name), words['mask.help'], words);
    const width = image.naturalWidth, height = image.naturalHeight;
    // The canvas is opaque pink where nothing is trained, and clear elsewhere.
    const canvas = make('canvas', {width, height, role: 'img'});
    canvas.setAttribute('aria-label', words['mask.help']);
    const pen = canvas.getContext('2d', {willReadFrequently: true});
    pen.fillStyle = pen.strokeStyle = '#d63c96';
    pen.lineCap = pen.lineJoin = 'round';
    stage.append(image, canvas);
    const past = [];
    const keep = () => { past.push(pen.getImageData(0, 0, width, height)); if (past.length > 20) past.shift(); };
    const each = (change) => {
      const data = pen.getImageData(0, 0, width, height), pixels = data.data;
      for (let i = 0; i < pixels.length; i += 4) {
        const out = change(pixels, i);
        pixels[i] = 214; pixels[i + 1] = 60; pixels[i + 2] = 150; pixels[i + 3] = out;
      }
      pen.putImageData(data, 0, 0);
    };
    if (before) {
      pen.drawImage(before, 0, 0, width, height);
      each((pixels, i) => 255 - pixels[i]);
    }
    const brush = make('input', {type: 'range', min: 1, max: 50, value: 12});
    brush.setAttribute('aria-label', words['mask.size']);
    let erases = false;
    const modes = make('div', {className: 'rw-switch'});
    const choose = (is) => {
      erases = is;
      [...modes.children].forEach((button, n) => button.setAttribute('aria-pressed', String(Boolean(n) === is)));
    };
    modes.append(button(words['mask.brush'], () => choose(false), ''), button(words['mask.eraser'], () => choose(true), ''));
    choose(false);
    const at = (event) => {
      const area = canvas.getBoundingClientRect();
      return [(event.clientX - area.left) / area.width * width, (event.clientY - area.top) / area.height * height];
    };
    let last = null;
    const stroke = (event) => {
      const [x, y] = at(event);
      pen.globalCompositeOperation = erases ? 'destination-out' : 'source-over';
      pen.lineWidth = Number(brush.value) / 100 * Math.max(width, height);
      pen.beginPath();
      pen.moveTo(...(last || [x, y]));
      pen.lineTo(x, y);
      pen.stroke();
      pen.globalCompositeOperation = 'source-over';
      last = [x, y];
    };
    canvas.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      keep();
      stroke(event);
    });
    canvas.addEventListener('pointermove', (event) => { if (last) stroke(event); });
    for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, () => { last = null; });
    const whole = (out) => { keep(); each(() => out); };
    const undo = () => { if (past.length) pen.putImageData(past.pop(), 0, 0); };
    dialog.addEventListener('keydown', (event) => {
      if (event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); undo(); }
    });
    const apply = press(words['mask.apply'], () => {
      const data = pen.getImageData(0, 0, width, height), pixels = data.data;
      for (let i = 0; i < pixels.length; i += 4) {
        pixels[i] = pixels[i + 1] = pixels[i + 2] = 255 - pixels[i + 3];
        pixels[i + 3] = 255;
      }
      pen.putImageData(data, 0, 0);
      dialog.close();
      send(canvas.toDataURL('image/png'));
    }, 'is-main');
    tools.append(modes, make('label', {}, make('span', {textContent: words['mask.size']}), brush),
      press(words['mask.fill'], () => whole(255)), press(words['mask.clear'], () => whole(0)),
      press(words['mask.invert'], () => { keep(); each((pixels, i) => 255 - pixels[i + 3]); }),
      press(words['mask.undo'], undo), make('span'), cancel, apply);
    dialog.showModal();
  };
})();
