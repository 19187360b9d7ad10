// One dialog for every small image: large, with the ones beside it by the arrow keys, or two over each other.
(() => {
  'use strict';
  const {make, button} = window.rwPage;
  // An image that does not say which one is large is shown as it is; one that is not made yet not at all.
  const sourceOf = (cell) => cell.dataset.zoom || cell.querySelector('img')?.getAttribute('src') || '';
  const zoomable = (group) => [...group.querySelectorAll('[data-zoom]')].filter(sourceOf);
  // What is shown is copied: the page may draw its images anew while the dialog is open.
  const cellsOf = (group) => zoomable(group).map((cell) => ({
    src: sourceOf(cell), caption: cell.dataset.caption || cell.querySelector('img')?.alt || '',
  }));
  function rowsAround(image) {
    const section = image.closest('.rw-samples');
    if (section) {
      return [...section.querySelectorAll('[data-row]')].filter((row) => zoomable(row).length)
        .map((row) => ({prompt: row.dataset.prompt, cells: cellsOf(row), group: row}));
    }
    const group = image.closest('.rw-figures') || image.parentElement;
    return [{prompt: '', cells: cellsOf(group), group}];
  }
  const wordsOf = (element) => {
    const owner = element.closest('[data-words]');
    return owner ? owner.dataset.words.split('|') : ['', '', '', '', '', ''];
  };

  function open(words) {
    const dialog = window.rwPage.dialog('rw-zoom');
    return [dialog, button('×', () => dialog.close(), 'rw-close', words[5])];
  }

  function show(image) {
    const rows = rowsAround(image);
    const words = wordsOf(image);
    let row = Math.max(0, rows.findIndex(({group}) => group.contains(image)));
    let at = Math.max(0, zoomable(rows[row].group).indexOf(image));
    const [dialog, close] = open(words);
    const large = make('img', {alt: ''});
    const caption = make('p'), prompt = make('p', {className: 'is-prompt'});
    const arrow = (sign, label, by) => button(sign, () => move(0, by), 'rw-arrow', label);
    const back = arrow('‹', words[0], -1), on = arrow('›', words[1], 1);
    const draw = () => {
      const cell = rows[row].cells[at];
      large.src = cell.src;
      large.alt = caption.textContent = cell.caption;
      dialog.setAttribute('aria-label', cell.caption);
      prompt.textContent = rows[row].prompt;
      back.disabled = at === 0;
      on.disabled = at === rows[row].cells.length - 1;
    };
    const move = (down, right) => {
      row = Math.min(rows.length - 1, Math.max(0, row + down));
      at = Math.min(rows[row].cells.length - 1, Math.max(0, at + right));
      draw();
    };
    const keys = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};
    dialog.addEventListener('keydown', (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      move(...keys[event.key]);
    });
    large.addEventListener('click', () => dialog.close());
    const arrows = rows[row].cells.length > 1 ? [back, on] : [];
    dialog.append(close, large, make('div', {className: 'rw-below'}, ...arrows.slice(0, 1), make('div', {}, caption, prompt), ...arrows.slice(1)));
    draw();
    dialog.showModal();
  }

  function compare(section) {
    const rows = rowsAround(section.querySelector('[data-zoom]')).filter(({cells}) => cells.length > 1);
    if (!rows.length) return;
    const words = wordsOf(section);
    const [dialog, close] = open(words);
    dialog.classList.add('is-pair');
    const one = make('img', {alt: ''}), other = make('img', {alt: '', className: 'is-over'});
    const slider = make('input', {type: 'range', min: 0, max: 100, value: 50});
    slider.setAttribute('aria-label', words[2]);
    const stage = make('div', {className: 'rw-pair'}, one, other, make('i'), slider);
    const cut = () => stage.style.setProperty('--cut', `${slider.value}%`);
    slider.addEventListener('input', cut);
    const choice = (label) => {
      const select = make('select');
      select.setAttribute('aria-label', label);
      select.addEventListener('change', draw);
      return select;
    };
    const left = choice(words[3]), right = choice(words[4]), prompts = choice(words[2]);
    const offer = () => {
      const cells = rows[Number(prompts.value)].cells;
      for (const [select, chosen] of [[left, 0], [right, cells.length - 1]]) {
        select.replaceChildren(...cells.map(({caption}, n) => make('option', {value: n, textContent: caption})));
        select.value = chosen;
      }
    };
    function draw() {
      const cells = rows[Number(prompts.value)].cells;
      one.src = cells[Number(left.value)].src;
      other.src = cells[Number(right.value)].src;
      one.alt = cells[Number(left.value)].caption;
      other.alt = cells[Number(right.value)].caption;
      dialog.setAttribute('aria-label', `${one.alt} / ${other.alt}`);
    }
    prompts.append(...rows.map(({prompt}, n) => make('option', {value: n, textContent: prompt})));
    prompts.addEventListener('change', offer, {capture: true});
    dialog.append(close, prompts, stage, make('div', {className: 'rw-below'}, left, right));
    offer();
    draw();
    cut();
    dialog.showModal();
    slider.focus();
  }

  document.addEventListener('click', (event) => {
    const image = event.target.closest?.('[data-zoom]');
    const pair = event.target.closest?.('[data-compare]');
    if (!image && !pair) return;
    event.preventDefault();
    if (image) { if (sourceOf(image)) show(image); } else compare(pair.closest('.rw-samples'));
  });
})();
