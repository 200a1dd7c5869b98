// Every page of the documentation: its colours, its search, buttons that copy code. It writes text alone, never HTML.
import MiniSearch from 'minisearch'

import { make } from './make'

interface Entry {
  title: string
  page: string
  href: string
  text: string
}

declare global {
  interface Window {
    searchEntries?: Entry[]
  }
}

// The colours: what the system says until somebody chooses, here or in the console.

const chosen = () => {
  try {
    return localStorage.getItem('theme')
  } catch {
    return null // a page from a folder may have no storage
  }
}
const isDark = () =>
  (chosen() ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
const html = document.documentElement
html.classList.toggle('dark', isDark())

function addThemeButton() {
  const button = document.getElementById('theme')
  if (!button) return
  const label = () => {
    button.textContent = html.classList.contains('dark') ? 'Light' : 'Dark'
    button.setAttribute('aria-label', `Use ${button.textContent?.toLowerCase()} colours`)
  }
  button.addEventListener('click', () => {
    const dark = html.classList.toggle('dark')
    try {
      localStorage.setItem('theme', dark ? 'dark' : 'light')
    } catch {
      // It holds for this page then.
    }
    label()
  })
  label()
  button.hidden = false
}

// The search. Its list is a script, since a page from a folder may not fetch a file.

const FOUND_MAX = 20
let index: Promise<MiniSearch<Entry>> | undefined

function loadIndex() {
  index ??= new Promise((resolve, reject) => {
    const script = make('script', { src: 'search.js' })
    script.addEventListener('load', () => {
      const search = new MiniSearch<Entry>({
        idField: 'href',
        fields: ['title', 'page', 'text'],
        storeFields: ['title', 'page', 'href', 'text'],
        searchOptions: {
          boost: { title: 6, page: 3 },
          combineWith: 'AND',
          prefix: true,
          fuzzy: (term) => (term.length > 4 ? 0.2 : false),
        },
      })
      search.addAll(window.searchEntries ?? [])
      resolve(search)
    })
    script.addEventListener('error', () => reject(new Error('The search cannot be loaded.')))
    document.head.append(script)
  })
  return index
}

const SNIPPET_BEFORE = 40
const SNIPPET_MAX = 150

/** What is around the first of the words, the words marked. */
function snippet(text: string, terms: string[]) {
  const lower = text.toLowerCase()
  const places = terms.map((term) => lower.indexOf(term)).filter((at) => at >= 0)
  if (places.length === 0) return [text.slice(0, SNIPPET_MAX)]
  const begin = Math.max(0, Math.min(...places) - SNIPPET_BEFORE)
  const shown = text.slice(begin, begin + SNIPPET_MAX)
  const out: (string | Node)[] = begin > 0 ? ['…'] : []
  const escaped = terms.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  for (const part of shown.split(new RegExp(`(${escaped.join('|')})`, 'iu'))) {
    out.push(terms.includes(part.toLowerCase()) ? make('mark', {}, part) : part)
  }
  return out
}

function addSearch() {
  const place = document.getElementById('search-place')
  if (!place) return
  const input = make('input', {
    type: 'search',
    placeholder: 'Search (press /)',
    autocomplete: 'off',
    'aria-label': 'Search',
    'aria-controls': 'found',
  })
  const list = make('ol', { id: 'found', 'aria-label': 'What was found' })
  const said = make('p', { class: 'said', role: 'status' })
  const box = make('div', { class: 'box' }, said, list)
  box.hidden = true
  place.append(input, box)

  const close = () => {
    input.value = ''
    box.hidden = true
    list.replaceChildren()
  }
  const show = async () => {
    const wanted = input.value.trim()
    if (wanted === '') return close()
    let text = 'Nothing was found.'
    try {
      const search = await loadIndex()
      if (input.value.trim() !== wanted) return // typed on meanwhile
      const found = search.search(wanted).slice(0, FOUND_MAX)
      list.replaceChildren(
        ...found.map(({ title, page, href, text, terms }) =>
          make(
            'li',
            {},
            make(
              'a',
              { href },
              make('b', {}, title),
              ' ',
              make('span', {}, page),
              make('small', {}, ...snippet(text, terms)),
            ),
          ),
        ),
      )
      if (found.length > 0)
        text = found.length === FOUND_MAX ? `The best ${FOUND_MAX}.` : `${found.length} found.`
    } catch (error) {
      text = (error as Error).message
    }
    said.textContent = text
    box.hidden = false
  }

  input.addEventListener('focus', () => void loadIndex().catch(() => {}), { once: true })
  input.addEventListener('input', () => void show())
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close()
    if (event.key === 'Enter') void show().then(() => list.querySelector('a')?.click())
    if (event.key === 'ArrowDown') {
      list.querySelector('a')?.focus()
      event.preventDefault()
    }
  })
  list.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      close()
      input.focus()
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    const links = [...list.querySelectorAll('a')]
    const at = links.findIndex((each) => each === document.activeElement)
    ;(links[at + (event.key === 'ArrowDown' ? 1 : -1)] ?? input).focus()
    event.preventDefault()
  })
  list.addEventListener('click', close)
  document.addEventListener('click', (event) => {
    if (!place.contains(event.target as Node)) box.hidden = true
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || (event.target as Element).matches('input, textarea, select')) return
    input.focus()
    event.preventDefault()
  })
}

// Code.

function addCopyButtons() {
  for (const code of document.querySelectorAll<HTMLElement>('article:not(.operation) pre')) {
    const button = make('button', { type: 'button', class: 'copy' }, 'Copy')
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(code.textContent ?? '')
      button.textContent = 'Copied'
    })
    const place = make('div', { class: 'code-block' })
    code.replaceWith(place)
    place.append(code, ...(navigator.clipboard ? [button] : []))
  }
}

/** Marks in the headings at the side the one that is read. */
function followHeadings() {
  const links = new Map(
    [...document.querySelectorAll<HTMLAnchorElement>('.toc a')].map((each) => [
      each.hash.slice(1),
      each,
    ]),
  )
  if (links.size === 0) return
  const observer = new IntersectionObserver(
    (seen) => {
      const first = seen.find((each) => each.isIntersecting)
      if (!first) return
      for (const [id, link] of links)
        link.classList.toggle('here', id === encodeURIComponent(first.target.id))
    },
    { rootMargin: '-70px 0px -70% 0px' },
  )
  for (const heading of document.querySelectorAll('article h2[id], article h3[id]'))
    observer.observe(heading)
}

document.addEventListener('DOMContentLoaded', () => {
  addThemeButton()
  addSearch()
  addCopyButtons()
  followHeadings()
  document.querySelector('.side [aria-current]')?.scrollIntoView({ block: 'nearest' })
})
