// Files and folders dropped on the card of new images or chosen there. A browser sends bare names, so each file is
// named with its folders' names before its own; what is found is handed on (script/sending.js).
(() => {
  const zone = () => document.querySelector('.rw-zone');
  const isJunk = (names) => names.some((name) => name.startsWith('.') || name === '__MACOSX');
  const give = (found, isFolder) => {
    const files = found.filter(([file, folders]) => !isFolder || !isJunk([...folders, file.name]))
      .map(([file, folders]) => ({file, names: [...folders.slice(-2), file.name]}));
    if (files.length) window.rwSend(files, isFolder);
  };
  const inside = async (entry, folders) => {
    if (entry.isFile) return [[await new Promise((is, not) => entry.file(is, not)), folders]];
    const reader = entry.createReader(), all = [];
    for (;;) {
      const some = await new Promise((is, not) => reader.readEntries(is, not));
      if (!some.length) break;
      for (const child of some) all.push(...await inside(child, [...folders, entry.name]));
    }
    return all;
  };
  const card = (event) => event.target.closest?.('#card-make') && zone();
  document.addEventListener('dragover', (event) => {
    if (!card(event)) return;
    event.preventDefault();
    zone().classList.add('is-over');
  });
  document.addEventListener('dragleave', (event) => {
    if (card(event) && !card({target: event.relatedTarget ?? document.body})) zone().classList.remove('is-over');
  });
  document.addEventListener('drop', (event) => {
    if (!card(event)) return;
    event.preventDefault();
    zone().classList.remove('is-over');
    const items = [...event.dataTransfer.items].filter((item) => item.kind === 'file');
    const entries = items.map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    if (!entries.some((entry) => entry && entry.isDirectory)) {
      give([...event.dataTransfer.files].map((file) => [file, []]), false);
      return;
    }
    Promise.all(entries.filter(Boolean).map((entry) => inside(entry, [])))
      .then((found) => give(found.flat(), true));
  });
  document.addEventListener('change', (event) => {
    if (!event.target.matches?.('.rw-zone input[type=file]')) return;
    give([...event.target.files].map((file) => [file, []]), false);
    event.target.value = '';  // so that the same file can be chosen again
  });
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-choose]')) zone().querySelector('input[type=file]').click();
    if (!event.target.closest('[data-folder]')) return;
    const chooser = window.rwPage.make('input', {type: 'file', webkitdirectory: true});
    chooser.addEventListener('change', () => give([...chooser.files].map((file) =>
      [file, file.webkitRelativePath.split('/').slice(0, -1)]), true));
    chooser.click();
  });
})();
