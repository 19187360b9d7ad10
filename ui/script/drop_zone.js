// Folders dropped on the page or chosen there: a browser sends bare names, and Gradio's own drop area sees a
// folder as one file that can't be read, so each file is sent with its folders' names in its own.
(() => {
  const button = () => document.querySelector('[data-folder]');
  const isTaken = (file, folders) =>
    JSON.parse(button().dataset.endings).some((end) => file.name.toLowerCase().endsWith(end)) &&
    ![...folders, file.name].some((name) => name.startsWith('.') || name === '__MACOSX');
  const named = ([file, folders]) =>
    new File([file], [...folders.slice(-2), file.name].join(button().dataset.slash), {type: file.type});
  const give = (found) => {
    const field = document.querySelector('#make-files input[type=file]');
    const files = found.filter(([file, folders]) => isTaken(file, folders)).map(named);
    if (!field || !files.length) return;
    const carrier = new DataTransfer();
    files.forEach((file) => carrier.items.add(file));
    field.files = carrier.files;
    field.dispatchEvent(new Event('change', {bubbles: true}));
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
  document.addEventListener('drop', (event) => {
    if (!event.target.closest || !event.target.closest('#make-files')) return;
    const items = [...event.dataTransfer.items];
    const entries = items.map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    if (!entries.some((entry) => entry && entry.isDirectory)) return;
    event.preventDefault();
    event.stopPropagation();
    Promise.all(entries.filter(Boolean).map((entry) => inside(entry, [])))
      .then((found) => give(found.flat()));
  }, true);
  document.addEventListener('click', (event) => {
    if (!event.target.closest('[data-folder]')) return;
    const chooser = document.createElement('input');
    chooser.type = 'file';
    chooser.webkitdirectory = true;
    chooser.addEventListener('change', () => give([...chooser.files].map((file) =>
      [file, file.webkitRelativePath.split('/').slice(0, -1)])));
    chooser.click();
  });
})();
