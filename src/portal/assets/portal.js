// What pages are better with: they work without it.
for (const button of document.querySelectorAll('[data-copy]')) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener('click', async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Press Ctrl+C';
    }
    setTimeout(() => (button.textContent = 'Copy'), 3000);
  });
}

for (const filter of document.querySelectorAll('[data-filter]')) {
  filter.hidden = false;
  const list = document.getElementById(filter.dataset.filter);
  filter.querySelector('input').addEventListener('input', (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const group of list.querySelectorAll('details')) {
      const all = [...group.querySelectorAll('label')];
      const inGroup = group.querySelector('legend').textContent.toLowerCase().includes(wanted);
      for (const label of all) label.hidden = !inGroup && !label.textContent.toLowerCase().includes(wanted);
      group.hidden = all.every((label) => label.hidden);
      group.open = wanted === '' ? group.querySelector(':checked') !== null : !group.hidden;
    }
  });
}

// The server knows no time zone but UTC; the browser knows its reader's. In the words in which the page says other days.
const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
for (const time of document.querySelectorAll('time')) {
  time.title = time.textContent;
  time.textContent = local.format(new Date(time.dateTime));
}
