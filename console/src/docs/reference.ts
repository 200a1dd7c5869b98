// Trying an operation of the API's reference with the session's cookie. A browser says that the page is the server's own
// (Sec-Fetch-Site), which is what a change by a session needs; the cookie itself is out of a script's reach.
import { make } from './make'

const SHOWN_CHARACTERS_MAX = 65_536

interface Node {
  $ref?: string
  [member: string]: unknown
}
interface Parameter {
  name: string
  in: string
  required?: boolean
  schema: Node
  example?: unknown
}
interface Body {
  content: Record<string, { example?: unknown }>
}
interface Described {
  operationId: string
  summary: string
  parameters?: Node[]
  requestBody?: Node
  responses: Record<string, Node>
}
interface Operation {
  path: string
  method: string
  node: Described
  body: Body | undefined
  parameters: Parameter[]
}

let contract: Node

function resolve<Kind>(node: Node | undefined): Kind {
  let at = node
  while (at?.$ref) {
    at = at.$ref
      .split('/')
      .slice(1)
      .reduce<unknown>((inside, key) => (inside as Node)[key], contract) as Node
  }
  return at as Kind
}

function operationOf(id: string): Operation | null {
  const paths = contract.paths as Record<string, Record<string, unknown>>
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, each] of Object.entries(item)) {
      const node = each as Described
      if (node.operationId !== id) continue
      const parameters = [...((item.parameters as Node[]) ?? []), ...(node.parameters ?? [])]
      return {
        path,
        method: method.toUpperCase(),
        node,
        body: resolve<Body | undefined>(node.requestBody),
        parameters: parameters.map((one) => resolve<Parameter>(one)),
      }
    }
  }
  return null
}

function field({ name, in: place, required, schema, example }: Parameter, realm: string) {
  const hint = String(example ?? resolve<Node>(schema).type ?? '')
  const input = make('input', { name, 'data-in': place, autocomplete: 'off', placeholder: hint })
  input.required = required ?? false
  if (name === 'realm') input.value = realm
  return make('label', {}, make('span', {}, required ? name : `${name} (may be left out)`), input)
}

function request(operation: Operation, form: HTMLFormElement): [string, RequestInit] {
  let path = operation.path
  const query = new URLSearchParams()
  const headers: Record<string, string> = { accept: 'application/json' }
  for (const { name, value, dataset } of form.querySelectorAll<HTMLInputElement>(
    'input[data-in]',
  )) {
    if (dataset.in === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value))
    else if (value !== '' && dataset.in === 'query') query.append(name, value)
    else if (value !== '' && dataset.in === 'header') headers[name] = value
  }
  const body = form.querySelector('textarea')?.value
  const type = operation.body && Object.keys(operation.body.content)[0]
  if (body && type) headers['content-type'] = type
  const url = path + (query.size > 0 ? `?${query}` : '')
  return [url, { method: operation.method, headers, body: body || undefined, redirect: 'manual' }]
}

function indented(text: string) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

async function send(operation: Operation, form: HTMLFormElement, result: HTMLElement) {
  if (operation.method === 'DELETE' && !window.confirm(`${operation.node.summary}: really?`)) return
  const begun = performance.now()
  let title: string
  let text = ''
  try {
    const answer = await fetch(...request(operation, form))
    text = await answer.text()
    title = `${answer.status} ${answer.statusText} · ${Math.round(performance.now() - begun)} ms`
  } catch (error) {
    title = `No answer: ${(error as Error).message}`
  }
  const shown =
    text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : indented(text)
  result.replaceChildren(
    make('figcaption', { role: 'status' }, title),
    make('pre', { tabindex: '0' }, make('code', {}, shown)),
  )
  result.hidden = false
}

function fill(details: HTMLElement, operation: Operation, realm: string) {
  const form = make('form', {}, ...operation.parameters.map((each) => field(each, realm)))
  if (operation.body) {
    const media = Object.values(operation.body.content)[0]
    const area = make('textarea', { rows: '8', spellcheck: 'false', 'aria-label': 'Body' })
    area.value = media?.example === undefined ? '' : JSON.stringify(media.example, null, 2)
    form.append(make('label', {}, make('span', {}, 'Body'), area))
  }
  const result = make('figure', { class: 'code' })
  result.hidden = true
  form.append(make('button', {}, `Send ${operation.method}`))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void send(operation, form, result)
  })
  details.append(form, result)
}

/** Answers that do not end, and what is no API. */
const isTried = ({ path, node }: Operation) =>
  path.startsWith('/api/') &&
  !Object.values(node.responses).some(
    (each) => resolve<{ content?: Record<string, unknown> }>(each).content?.['text/event-stream'],
  )

async function addForms() {
  const said = document.getElementById('trying')
  if (!said || !location.protocol.startsWith('http')) return
  const realm = localStorage.getItem('realm') // of the last login to the console, in this browser
  const session =
    realm === null
      ? null
      : await fetch(`/api/v1/realms/${encodeURIComponent(realm)}/session`, {
          headers: { accept: 'application/json' },
        })
  if (realm === null || !session?.ok) {
    said.append(
      'Log in to the ',
      make('a', { href: '/' }, 'console'),
      ' to try operations on this page.',
    )
    return
  }
  contract = (await (await fetch('openapi.json')).json()) as Node
  said.append('You are logged in: each operation has a form that sends it as you.')
  for (const article of document.querySelectorAll('article.operation[id]')) {
    const operation = operationOf(article.id)
    if (operation === null || !isTried(operation)) continue
    const details = make('details', { class: 'try' }, make('summary', {}, 'Try it'))
    details.addEventListener('toggle', () => fill(details, operation, realm), { once: true })
    article.querySelector('.samples')?.prepend(details)
  }
}

document.addEventListener('DOMContentLoaded', () => void addForms().catch(() => {}))
