import { type ReactNode } from 'react'

import { Button } from './kit'

/** What somebody else changed while a form was being filled in. */
export type Conflict = {
  fields: { name: string; before: unknown; theirs: unknown; mine: unknown }[]
  keep: () => void
  take: () => void
}

const text = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'boolean'
      ? value
        ? 'yes'
        : 'no'
      : Array.isArray(value)
        ? value
            .map((each: unknown) =>
              typeof each === 'object' && each !== null
                ? Object.values(each).join(': ')
                : String(each),
            )
            .join('\n')
        : JSON.stringify(value)

/** The lines of two texts that differ, without those that both begin and end with. */
export function changedLines(before: string, after: string): [removed: string[], added: string[]] {
  const old_lines = before ? before.split('\n') : []
  const new_lines = after ? after.split('\n') : []
  let head = 0
  while (head < Math.min(old_lines.length, new_lines.length) && old_lines[head] === new_lines[head])
    head += 1
  let tail = 0
  while (
    tail < Math.min(old_lines.length, new_lines.length) - head &&
    old_lines.at(-1 - tail) === new_lines.at(-1 - tail)
  )
    tail += 1
  return [
    old_lines.slice(head, old_lines.length - tail),
    new_lines.slice(head, new_lines.length - tail),
  ]
}

const Lines = ({ sign, lines, look }: { sign: string; lines: string[]; look: string }) => (
  <>
    {lines.map((line, index) => (
      <div key={index} className={`${look} px-2 break-all whitespace-pre-wrap`}>
        <span aria-hidden="true">{sign} </span>
        {line || '\u00a0'}
      </div>
    ))}
  </>
)

/** Two values of a field, the lines that went and those that came. */
export function Difference({ before, after }: { before: unknown; after: unknown }) {
  const [removed, added] = changedLines(text(before), text(after))
  return (
    <div className="font-mono text-[12.5px] leading-5 rounded-md border border-line overflow-hidden">
      {removed.length + added.length === 0 && <div className="px-2 text-muted">nothing</div>}
      <Lines sign="−" lines={removed} look="bg-bad/10 text-bad" />
      <Lines sign="+" lines={added} look="bg-good/10 text-good" />
    </div>
  )
}

const label = (name: string) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ')

/** Says what somebody else saved meanwhile, and lets who types keep their own text. */
export function ConflictNotice({
  of,
  labels,
  done,
}: {
  of: Conflict | null
  labels?: Record<string, ReactNode>
  done?: () => void
}) {
  if (!of) return null
  return (
    <div
      role="alert"
      className="rounded-lg border border-warn/40 bg-warn/5 px-4 py-3 text-[13.5px] space-y-3"
    >
      <p className="font-medium">Somebody else has changed this while you were typing.</p>
      <dl className="space-y-2">
        {of.fields.map(({ name, before, theirs, mine }) => (
          <div key={name}>
            <dt className="text-[13px] text-muted mb-1">{labels?.[name] ?? label(name)}</dt>
            <dd className="space-y-1">
              <Difference before={before} after={theirs} />
              {text(mine) !== text(before) && text(mine) !== text(theirs) && (
                <p className="text-[13px] break-words">
                  Yours: <span className="font-mono text-[12.5px]">{text(mine) || 'empty'}</span>
                </p>
              )}
            </dd>
          </div>
        ))}
      </dl>
      <div className="flex flex-wrap gap-2">
        <Button
          onClick={() => {
            of.keep()
            done?.()
          }}
        >
          Keep mine
        </Button>
        <Button
          tone="quiet"
          onClick={() => {
            of.take()
            done?.()
          }}
        >
          Discard mine, take theirs
        </Button>
      </div>
      <p className="text-muted text-[13px]">
        “Keep mine” keeps what you typed and takes over what only they changed. Nothing is saved
        before you save it.
      </p>
    </div>
  )
}
