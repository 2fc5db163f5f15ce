/** Of the catalogue's page; its hash stands in the page's Content-Security-Policy. */
export const SCRIPT = `
const events = [...document.querySelectorAll('.event[data-words]')]
const input = document.getElementById('filter')
const count = document.getElementById('count')
const none = document.getElementById('none')

function filter() {
  const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean)
  let shown = 0
  for (const event of events) {
    event.hidden = !words.every((word) => event.dataset.words.includes(word))
    if (!event.hidden) shown += 1
  }
  for (const section of document.querySelectorAll('section')) {
    section.hidden = section.querySelector('.event:not([hidden])') === null
  }
  document.getElementById('envelope').hidden = words.length > 0
  none.hidden = shown > 0
  count.value = shown + ' of ' + events.length
}

function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (named === null || !named.matches('.event')) return
  named.open = true
  named.scrollIntoView()
}

async function copy({ target }) {
  const pre = target.closest('figure').querySelector('pre')
  try {
    await navigator.clipboard.writeText(pre.textContent)
    target.textContent = 'Copied'
  } catch {
    // Without TLS there is no clipboard: selected, it is one key away.
    getSelection().selectAllChildren(pre)
    target.textContent = 'Selected'
  }
  setTimeout(() => { target.textContent = 'Copy' }, 2000)
}

document.querySelector('.filter').hidden = false
input.addEventListener('input', filter)
for (const button of document.querySelectorAll('.copy')) {
  button.hidden = false
  button.addEventListener('click', copy)
}
addEventListener('hashchange', openNamed)
filter()
openNamed()
`
