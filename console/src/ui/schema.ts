type Schema = Record<string, unknown>

const formats: [string, RegExp][] = [
  ['uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i],
  ['date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/],
  ['date', /^\d{4}-\d\d-\d\d$/],
  ['email', /^[^@\s]+@[^@\s]+\.[^@\s]+$/],
  ['uri', /^https?:\/\/\S+$/],
]

/** A JSON Schema that a value fits, to start from: everything in it is required. */
export function schemaOf(value: unknown): Schema {
  if (value === null) return { type: 'null' }
  if (Array.isArray(value)) {
    return value.length > 0 ? { type: 'array', items: schemaOf(value[0]) } : { type: 'array' }
  }
  if (typeof value === 'object') {
    const members = Object.entries(value)
    return {
      type: 'object',
      required: members.map(([name]) => name),
      properties: Object.fromEntries(members.map(([name, each]) => [name, schemaOf(each)])),
    }
  }
  if (typeof value === 'string') {
    const format = formats.find(([, pattern]) => pattern.test(value))?.[0]
    return format ? { type: 'string', format } : { type: 'string' }
  }
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'integer' : 'number' }
  return { type: typeof value }
}
