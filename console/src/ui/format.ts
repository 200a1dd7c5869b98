/** Times are local; UTC is in the title (see <Time>). */
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})
const day = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
})

const minute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const date = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const day_seconds = 86_400

/** For an axis that has a mark each `step` seconds. */
export const axisTime = (seconds: number, step: number) =>
  (step >= day_seconds ? date : minute).format(new Date(seconds * 1000))

export const fullTime = (iso: string) => full.format(new Date(iso))
export const shortTime = (iso: string) => {
  const date = new Date(iso)
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : day.format(date)
}

export function relative(iso: string, now = Date.now()): string {
  const seconds = Math.round((new Date(iso).getTime() - now) / 1000)
  const size = Math.abs(seconds)
  const [count, unit] =
    size < 60
      ? [size, 's']
      : size < 3600
        ? [Math.round(size / 60), 'min']
        : size < 86400
          ? [Math.round(size / 3600), 'h']
          : [Math.round(size / 86400), 'd']
  if (size < 2) return 'now'
  return seconds < 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`
}

export function milliseconds(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`
  if (value >= 100) return `${Math.round(value)} ms`
  return value >= 0.1 ? `${value.toFixed(1)} ms` : `${Math.round(value * 1000)} µs`
}

export const count = (value: number) => value.toLocaleString()
export const shortId = (id: string) => `${id.slice(0, 8)}…${id.slice(-4)}`

export const tokens = (json: string) =>
  json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []
export const isJson = (text: string) => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** JSON with indentation when it is JSON, else the text as it is. Its tokens stay as they are: parsing would round long numbers. */
export function pretty(text: string): string {
  if (!isJson(text)) return text
  let out = ''
  let depth = 0
  let last = ''
  const line = () => `\n${'  '.repeat(depth)}`
  for (const token of tokens(text)) {
    const closes = token === '}' || token === ']'
    if (closes) depth -= 1
    const opened = last === '{' || last === '['
    if (closes ? !opened : opened || last === ',') out += line()
    if (token === '{' || token === '[') depth += 1
    out += token === ':' ? ': ' : token
    last = token
  }
  return out
}

/** The text of one member of a JSON object, as it stands there. */
export function memberText(json: string, name: string): string | undefined {
  const all = tokens(json)
  let depth = 0
  for (let at = 0; at < all.length; ++at) {
    const token = all[at]!
    if (token === '{' || token === '[') depth += 1
    if (token === '}' || token === ']') depth -= 1
    if (depth !== 1 || all[at + 1] !== ':' || token !== JSON.stringify(name)) continue
    let text = ''
    let inside = 0
    for (let next = at + 2; next < all.length; ++next) {
      const part = all[next]!
      if (inside === 0 && (part === ',' || part === '}')) break
      if (part === '{' || part === '[') inside += 1
      if (part === '}' || part === ']') inside -= 1
      text += part
    }
    return text
  }
  return undefined
}

/** The texts of the items of a JSON list, as they stand there. */
export function itemTexts(json: string): string[] {
  const items: string[] = []
  let depth = 0
  let text = ''
  for (const token of tokens(json)) {
    const closes = token === '}' || token === ']'
    if (closes) depth -= 1
    const ends = (token === ',' && depth === 1) || depth === 0
    if (ends && text) items.push(text)
    if (ends) text = ''
    else if (depth > 0) text += token
    if (token === '{' || token === '[') {
      if (depth === 0) text = ''
      depth += 1
    }
  }
  return items
}

/** What is wrong with a text that should be a JSON object; undefined when nothing is. */
export function objectProblem(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? undefined : 'must be an object, { … }'
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : 'it cannot be read'}`
  }
}

/** A request's body with more members from texts that were typed: JSON as it stands there, so that
    numbers keep their digits; null for none; and what is no JSON as a string, about which the server
    says what is wrong. */
export function withTexts(body: object, typed: Record<string, string>): string {
  const rest = JSON.stringify(body).slice(1, -1)
  const members = Object.entries(typed).map(([name, each]) => {
    const text = each.trim()
    const value = text === '' ? 'null' : isJson(text) ? text : JSON.stringify(text)
    return `${JSON.stringify(name)}:${value}`
  })
  return `{${[rest, ...members].filter(Boolean).join(',')}}`
}

/** "1 key", "2 keys". */
export const plural = (number: number, one: string, many = `${one}s`) =>
  `${count(number)} ${number === 1 ? one : many}`

/** crypto.randomUUID() is there only where the connection is secure. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return [...bytes]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
