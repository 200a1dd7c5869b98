import { Fragment, useEffect, useMemo, useState } from 'react'

import { call, query, raw, realmPath, type WebhookCheck } from '../api/client'
import { useQuery } from '../asked'
import { useRealm } from '../queries'
import { Choice } from '../ui/form'
import { itemTexts, memberText, objectProblem, plural, pretty, withTexts } from '../ui/format'
import { type Node, parse, scalarLook } from '../ui/json'
import { Field } from '../ui/kit'

/** The filter is tried on so many of the newest events, of which the first can be chosen. */
const tried = 200
const offered = 20

/** The names of members that lead to a value; a list on the way has none: any element will do. */
type Path = string[]

const textOf = (node: Node): string => {
  if (node.kind === 'scalar') return node.text
  const items = node.items.map(({ key, value }) => `${key ? `${key}:` : ''}${textOf(value)}`)
  return node.kind === 'object' ? `{${items.join(',')}}` : `[${items.join(',')}]`
}
const objectOf = (items: { key?: string; value: Node }[]): Node => ({
  kind: 'object',
  items,
  size: 1 + items.length,
})

/** The condition at a path of a filter, as text. */
function at(node: Node | null, [name, ...rest]: Path): string | undefined {
  if (node === null || name === undefined) return node ? textOf(node) : undefined
  if (node.kind !== 'object') return undefined
  const found = node.items.find(({ key }) => key === name)
  return found && at(found.value, rest)
}

/** A filter with a value at a path, or without what is there; "" when nothing is left. */
function changed(node: Node | null, [name, ...rest]: Path, value: string | undefined): Node | null {
  if (name === undefined) return value === undefined ? null : { kind: 'scalar', text: value }
  const items = node?.kind === 'object' ? node.items : []
  const before = items.find(({ key }) => key === name)?.value ?? null
  const after = changed(before, rest, value)
  const others = items.filter(({ key }) => key !== name)
  if (after === null) return others.length > 0 ? objectOf(others) : null
  if (before === null) return objectOf([...items, { key: name, value: after }])
  return objectOf(items.map((item) => (item.key === name ? { key: name, value: after } : item)))
}

/** An event of which each value is a button: what is chosen must be equal. */
function Example({
  node,
  path,
  filter,
  toggle,
}: {
  node: Node
  path: Path
  filter: Node | null
  toggle: (path: Path, value: string, on: boolean) => void
}) {
  if (node.kind === 'scalar') {
    const on = at(filter, path) === node.text
    const name = path.map((each) => JSON.parse(each) as string).join('.')
    return (
      <button
        type="button"
        aria-pressed={on}
        aria-label={`${name} is ${node.text}`}
        onClick={() => toggle(path, node.text, !on)}
        className={`text-left break-all rounded px-1 -mx-1 hover:bg-line/60 ${scalarLook(node.text)} ${on ? 'ring-1 ring-accent bg-accent/10' : ''}`}
      >
        {node.text}
      </button>
    )
  }
  const [opens, closes] = node.kind === 'object' ? '{}' : '[]'
  return (
    <>
      {opens}
      <div className="pl-4">
        {node.items.slice(0, 100).map(({ key, value }, index) => (
          <div key={index}>
            {key !== undefined && <span className="text-ink font-medium">{key}: </span>}
            <Example
              node={value}
              path={key === undefined ? path : [...path, key]}
              filter={filter}
              toggle={toggle}
            />
          </div>
        ))}
      </div>
      {closes}
    </>
  )
}

type Sample = { id: string; event: string; timestamp: string; text: string }

/** The newest events as they were sent. */
function useSamples() {
  const realm = useRealm()
  return useQuery({
    queryKey: ['events', realm, 'samples'],
    retry: false,
    queryFn: async ({ signal }): Promise<Sample[]> => {
      const path = `/api/v1${realmPath(realm, '/events')}${query({ limit: offered })}`
      const text = await (await raw('GET', path, { signal })).text()
      return itemTexts(memberText(text, 'items') ?? '[]').map((item) => {
        const { id, event, timestamp } = JSON.parse(item) as Sample
        const members = ['event', 'timestamp', 'resource_id', 'data'].map(
          (name) => `"${name}":${memberText(item, name) ?? 'null'}`,
        )
        return { id, event, timestamp, text: `{${members.join(',')}}` }
      })
    },
  })
}

/** What the filter would have done to the newest events, once nothing has been typed for a while. */
function useTrial(filter: string, events: string[]) {
  const realm = useRealm()
  const body = withTexts({ events: events.length > 0 ? events : ['*'], last: tried }, { filter })
  const [settled, setSettled] = useState(body)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(body), 350)
    return () => clearTimeout(timer)
  }, [body])
  return useQuery({
    queryKey: ['check', realm, settled],
    retry: false,
    staleTime: 10_000,
    queryFn: () =>
      call<WebhookCheck>('POST', realmPath(realm, '/webhooks/check'), { text: settled }),
  })
}

/** "#/filter/data/total/$gte" as people read it. */
const condition = (pointer: string) =>
  pointer === '#/events'
    ? 'its type is not among the chosen ones'
    : `${pointer.slice('#/filter/'.length).replaceAll('/', ' › ')} does not hold`

/** The filter of a webhook: typed, or clicked together on an example, and tried on what has happened. */
export function FilterBuilder({
  value,
  events,
  onChange,
  error,
}: {
  value: string
  events: string[]
  onChange: (filter: string) => void
  error?: string
}) {
  const samples = useSamples()
  const trial = useTrial(value, events)
  const [chosen, setChosen] = useState('')
  const filter = useMemo(() => (value.trim() ? parse(value) : null), [value])
  const problem = value.trim() ? objectProblem(value) : undefined
  const run = problem ? undefined : trial.data?.dry_run
  const sample = samples.data?.find(({ id }) => id === chosen) ?? samples.data?.[0]
  const said = run?.items.find(({ event_id }) => event_id === sample?.id)
  const tree = useMemo(() => (sample ? parse(sample.text) : null), [sample])
  const toggle = (path: Path, text: string, on: boolean) => {
    const next = changed(filter, path, on ? text : undefined)
    onChange(next ? pretty(textOf(next)) : '')
  }
  return (
    <fieldset className="sm:col-span-2 space-y-3">
      <legend className="sr-only">Which events</legend>
      <Field
        label="Filter"
        hint="Conditions on the event, as JSON; all must hold. Empty: every event of its types."
        error={error ?? problem}
        value={value}
      >
        {(ids) => (
          <textarea
            {...ids}
            className="field font-mono text-[13px] h-32 py-2"
            spellCheck={false}
            placeholder='{"data": {"total": {"$gte": 100}}}'
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )}
      </Field>
      <p role="status" className="text-[13px] text-muted">
        {run &&
          (run.looked_at === 0
            ? 'There is no event yet to try it on.'
            : `${run.matching} of the last ${plural(run.looked_at, 'event')} would be delivered.`)}
      </p>
      {sample && tree && (
        <div className="rounded-lg border border-line overflow-hidden">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 border-b border-line bg-panel text-[13px]">
            <Choice
              label="Example"
              value={sample.id}
              options={Object.fromEntries(
                (samples.data ?? []).map(({ id, event, timestamp }) => [
                  id,
                  `${event}, ${new Date(timestamp).toLocaleString()}`,
                ]),
              )}
              onChange={setChosen}
            />
            <span className={said?.matches ? 'text-good' : 'text-muted'}>
              {said &&
                (said.matches
                  ? 'Would be delivered.'
                  : `Not delivered: ${condition(said.refused_by ?? '')}.`)}
            </span>
          </div>
          <div
            tabIndex={0}
            role="region"
            aria-label="Example event"
            className="p-3 max-h-72 overflow-auto font-mono text-[12px] leading-5 bg-sunken"
          >
            <Fragment key={sample.id}>
              <Example node={tree} path={[]} filter={filter} toggle={toggle} />
            </Fragment>
          </div>
          <p className="px-3 py-2 text-[12.5px] text-muted border-t border-line">
            Click a value to ask for events that have the same one.
          </p>
        </div>
      )}
    </fieldset>
  )
}
