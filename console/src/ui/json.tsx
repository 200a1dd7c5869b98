import { Fragment, type ReactNode, useMemo, useState } from 'react'

import { plural, tokens } from './format'
import { Icon } from './icons'
import { CopyButton } from './kit'

/** JSON as the server sent it: numbers keep their digits, and members their order. */
export type Node =
  | { kind: 'scalar'; text: string }
  | { kind: 'list' | 'object'; items: { key?: string; value: Node }[]; size: number }

export function parse(text: string): Node | null {
  try {
    JSON.parse(text)
  } catch {
    return null
  }
  const all = tokens(text)
  let at = 0
  const value = (): Node => {
    const token = all[at++]!
    if (token !== '{' && token !== '[') return { kind: 'scalar', text: token }
    const isObject = token === '{'
    const items: { key?: string; value: Node }[] = []
    let size = 1
    while (all[at] !== '}' && all[at] !== ']') {
      if (all[at] === ',') at += 1
      let key: string | undefined
      if (isObject) {
        key = all[at]
        at += 2
      }
      const item = value()
      size += item.kind === 'scalar' ? 1 : item.size
      items.push({ key, value: item })
    }
    at += 1
    return { kind: isObject ? 'object' : 'list', items, size }
  }
  return value()
}

/** What is larger begins with its inner parts folded. */
const unfolded_max = 400
/** So many members of one object or list are drawn at first. */
const shown_max = 200
/** Shorter texts are seen at a glance: nobody has to search them. */
const searched_min = 12

const contains = (node: Node, wanted: string): boolean =>
  node.kind === 'scalar'
    ? node.text.toLowerCase().includes(wanted)
    : node.items.some(
        ({ key, value }) => key?.toLowerCase().includes(wanted) || contains(value, wanted),
      )

function Marked({ text, wanted }: { text: string; wanted: string }) {
  if (!wanted) return <>{text}</>
  const parts: ReactNode[] = []
  const small = text.toLowerCase()
  let from = 0
  for (let at = small.indexOf(wanted); at >= 0; at = small.indexOf(wanted, from)) {
    parts.push(
      text.slice(from, at),
      <mark key={at} className="bg-warn/30 text-inherit rounded-sm">
        {text.slice(at, at + wanted.length)}
      </mark>,
    )
    from = at + wanted.length
  }
  return (
    <>
      {parts}
      {text.slice(from)}
    </>
  )
}

export const scalarLook = (text: string) =>
  text.startsWith('"') ? 'text-good' : /^[-\d]/.test(text) ? 'text-warn' : 'text-accent'

type Drawn = {
  wanted: string
  folds: ReadonlyMap<string, boolean>
  fold: (at: string, on: boolean) => void
  isLarge: boolean
}

function Value({
  node,
  name,
  at,
  depth,
  last,
  drawn,
}: {
  node: Node
  name?: string
  at: string
  depth: number
  last: boolean
  drawn: Drawn
}) {
  const [shown, setShown] = useState(shown_max)
  const { wanted } = drawn
  const key = name !== undefined && (
    <>
      <span className="text-ink font-medium">
        <Marked text={name} wanted={wanted} />
      </span>
      {': '}
    </>
  )
  const pad = { paddingLeft: `${depth * 1.1 + 1.1}em` }
  const comma = last ? '' : ','
  if (node.kind === 'scalar' || node.items.length === 0)
    return (
      <div style={pad} className="break-words whitespace-pre-wrap">
        {key}
        {node.kind === 'scalar' ? (
          <span className={scalarLook(node.text)}>
            <Marked text={node.text} wanted={wanted} />
          </span>
        ) : node.kind === 'object' ? (
          '{}'
        ) : (
          '[]'
        )}
        {comma}
      </div>
    )
  const [opens, closes] = node.kind === 'object' ? ['{', '}'] : ['[', ']']
  const folded =
    drawn.folds.get(at) ?? (drawn.isLarge && depth > 0 && !(wanted && contains(node, wanted)))
  return (
    <>
      <div style={pad} className="relative break-words">
        <button
          type="button"
          aria-expanded={!folded}
          aria-label={`${folded ? 'Unfold' : 'Fold'} ${name ?? 'it'}`}
          onClick={() => drawn.fold(at, !folded)}
          className="absolute text-muted hover:text-ink w-5 h-5 -ml-5 grid place-items-center rounded"
        >
          <Icon
            name="down"
            className={`w-3 h-3 transition-transform ${folded ? '-rotate-90' : ''}`}
          />
        </button>
        {key}
        {opens}
        {folded && (
          <>
            <span className="text-muted">
              {' '}
              {plural(node.items.length, node.kind === 'object' ? 'member' : 'item')}{' '}
            </span>
            {closes}
            {comma}
          </>
        )}
      </div>
      {!folded && (
        <>
          {node.items.slice(0, shown).map((item, index) => (
            <Value
              key={index}
              node={item.value}
              name={item.key}
              at={`${at}/${index}`}
              depth={depth + 1}
              last={index === node.items.length - 1}
              drawn={drawn}
            />
          ))}
          {node.items.length > shown && (
            <div style={pad}>
              <button
                type="button"
                className="ml-4 text-accent hover:underline"
                onClick={() => setShown(shown * 5)}
              >
                {plural(node.items.length - shown, 'more')}
              </button>
            </div>
          )}
          <div style={pad}>
            {closes}
            {comma}
          </div>
        </>
      )}
    </>
  )
}

/** A text that somebody else wrote. JSON is coloured, folded and searched; copying has all of it. */
export function Code({
  text,
  label,
  max = 'max-h-80',
}: {
  text: string
  label: string
  max?: string
}) {
  const node = useMemo(() => parse(text), [text])
  const [find, setFind] = useState('')
  const [folds, setFolds] = useState<ReadonlyMap<string, boolean>>(new Map())
  const wanted = find.trim().toLowerCase()
  const isTree = node !== null && node.kind !== 'scalar'
  const size = isTree ? node.size : 0
  const found = useMemo(
    () => (wanted ? text.toLowerCase().split(wanted).length - 1 : 0),
    [text, wanted],
  )
  return (
    <div className="rounded-lg bg-sunken border border-line overflow-hidden">
      <div className="relative">
        {size >= searched_min && (
          <div className="flex items-center gap-2 pl-3 pr-10 border-b border-line">
            <Icon name="search" className="w-3.5 h-3.5 text-muted" />
            <input
              type="search"
              aria-label={`Search ${label}`}
              placeholder="Search"
              className="flex-1 min-w-0 h-8 bg-transparent text-[12.5px] outline-none focus-visible:ring-0 placeholder:text-muted"
              value={find}
              onChange={(event) => {
                setFind(event.target.value)
                setFolds(new Map())
              }}
            />
            <span role="status" className="text-[12px] text-muted">
              {wanted && plural(found, 'match', 'matches')}
            </span>
          </div>
        )}
        <div
          tabIndex={0}
          aria-label={label}
          role="region"
          className={`p-3 pr-10 text-[12px] leading-5 font-mono overflow-auto ${max} ${isTree ? '' : 'whitespace-pre-wrap break-words'}`}
        >
          {isTree ? (
            <Value
              node={node}
              at=""
              depth={0}
              last
              drawn={{
                wanted,
                folds,
                isLarge: size > unfolded_max,
                fold: (at, on) => setFolds((before) => new Map(before).set(at, on)),
              }}
            />
          ) : (
            <Fragment>{text || ' '}</Fragment>
          )}
        </div>
        <div className={`absolute right-1.5 ${size >= searched_min ? 'top-0.5' : 'top-1.5'}`}>
          <CopyButton text={text} label={`Copy ${label}`} />
        </div>
      </div>
    </div>
  )
}
