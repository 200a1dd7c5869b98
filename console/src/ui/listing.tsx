import { type InfiniteData, type UseInfiniteQueryResult } from '@tanstack/react-query'
import { Link, useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { type ComponentProps, type ReactNode, useEffect, useState } from 'react'

import { type Page } from '../api/client'
import { useInView, usePaused } from './hooks'
import { Button, Empty, Failure, Skeleton } from './kit'
import { isLost } from './stale'
import { Time } from './time'

export type Column<T> = {
  label: string
  cell: (row: T) => ReactNode
  from?: 'sm' | 'md' | 'lg'
  className?: string
}

/** When something was made: the last column of most lists. */
export function createdColumn<T extends { created_at: string }>(
  from: Column<T>['from'],
): Column<T> {
  return {
    label: 'Created',
    from,
    className: 'text-right',
    cell: (row) => (
      <span className="text-muted text-[13px]">
        <Time at={row.created_at} />
      </span>
    ),
  }
}

const from = { sm: 'hidden sm:table-cell', md: 'hidden md:table-cell', lg: 'hidden lg:table-cell' }

/** A list that the server pages, in a card: filters, table, "load more", and what to do when it is empty. */
export function Listing<T extends { id: string }>({
  label,
  list,
  columns,
  empty,
  filters,
  select,
  fixed,
}: {
  label: string
  /** Columns keep their widths, whatever comes into them later. */
  fixed?: boolean
  list: UseInfiniteQueryResult<InfiniteData<Page<T>>>
  columns: Column<T>[]
  empty: ReactNode
  filters?: ReactNode
  select?: {
    chosen: ReadonlySet<string>
    onChange: (chosen: ReadonlySet<string>) => void
    name: (row: T) => string
  }
}) {
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const toggle = (id: string, on: boolean) => {
    const next = new Set(select?.chosen)
    if (on) next.add(id)
    else next.delete(id)
    select?.onChange(next)
  }
  const box = 'accent-[rgb(var(--accent))] relative z-[1]'
  return (
    <div className="card overflow-hidden">
      {filters && <div className="filters min-h-[3.75rem]">{filters}</div>}
      {list.isPending ? (
        <Skeleton rows={8} />
      ) : isLost(list) ? (
        <div className="p-4">
          <Failure error={list.error} retry={() => list.refetch()} />
        </div>
      ) : rows.length === 0 ? (
        empty
      ) : (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={label}>
          <table className={`w-full ${fixed ? 'md:table-fixed' : ''}`}>
            <thead>
              <tr>
                {select && (
                  <th className="th w-10 !pr-0">
                    <input
                      type="checkbox"
                      aria-label="Select all"
                      className={box}
                      checked={select.chosen.size === rows.length}
                      onChange={(event) =>
                        select.onChange(
                          new Set(event.target.checked ? rows.map((row) => row.id) : []),
                        )
                      }
                    />
                  </th>
                )}
                {columns.map((column) => (
                  <th
                    key={column.label}
                    className={`th ${column.from ? from[column.from] : ''} ${column.className ?? ''}`}
                  >
                    {column.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} className="relative hover:bg-sunken/60">
                  {select && (
                    <td className="td !pr-0">
                      <input
                        type="checkbox"
                        aria-label={`Select ${select.name(row)}`}
                        className={box}
                        checked={select.chosen.has(row.id)}
                        onChange={(event) => toggle(row.id, event.target.checked)}
                      />
                    </td>
                  )}
                  {columns.map((column) => (
                    <td
                      key={column.label}
                      className={`td ${column.from ? from[column.from] : ''} ${column.className ?? ''}`}
                    >
                      {column.cell(row)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          <More list={list} />
        </div>
      )}
    </div>
  )
}

/** A link to any page: the router's own type wants the address as a literal. */
export function Go({
  to,
  params,
  search,
  className,
  children,
}: {
  to: string
  params: Record<string, string | undefined>
  search?: Record<string, string>
  className?: string
  children: ReactNode
}) {
  const props = { to, params, search, className } as unknown as ComponentProps<typeof Link>
  return <Link {...props}>{children}</Link>
}

/** The link of a row; the whole row takes the click. */
export function RowLink({
  to,
  params,
  children,
}: {
  to: string
  params: Record<string, string>
  children: ReactNode
}) {
  return (
    <Go to={to} params={params} className="font-medium break-words after:absolute after:inset-0">
      {children}
    </Go>
  )
}

const filter_names = [
  'state',
  'event',
  'event_id',
  'resource_id',
  'webhook',
  'since',
  'until',
  'find',
  'status',
  'outcome',
  'slower',
  'user_id',
  'action',
  'actor_id',
]

/** In place of a list whose filters leave nothing. */
export function NothingMatches() {
  const set = useFilters()
  const clear = () => set(Object.fromEntries(filter_names.map((name) => [name, undefined])))
  return (
    <Empty
      icon="search"
      title="Nothing matches these filters"
      action={<Button onClick={clear}>Clear the filters</Button>}
    >
      Change or clear them to see more.
    </Empty>
  )
}

/** A filter that is typed, and set by Enter; it follows when the address changes otherwise. */
export function useTyped(value: string | undefined): [string, (text: string) => void] {
  const [text, setText] = useState(value ?? '')
  useEffect(() => setText(value ?? ''), [value])
  return [text, setText]
}

/** A filter that is one of a few words; one that is in the address and not among them is shown all the same. */
export function ChoiceFilter({
  label,
  any,
  options,
  className = '',
  value = '',
  onChange,
}: {
  label: string
  /** What stands there when nothing is chosen. */
  any: string
  options: readonly (string | readonly [value: string, label: string])[]
  className?: string
  value?: string
  onChange: (value: string | undefined) => void
}) {
  const pairs = options.map((each) => (typeof each === 'string' ? ([each, each] as const) : each))
  const isListed = value === '' || pairs.some(([each]) => each === value)
  return (
    <select
      aria-label={label}
      className={`field ${className}`}
      value={value}
      onChange={({ target }) => onChange(target.value || undefined)}
    >
      <option value="">{any}</option>
      {!isListed && <option>{value}</option>}
      {pairs.map(([each, shown]) => (
        <option key={each} value={each}>
          {shown}
        </option>
      ))}
    </select>
  )
}

/** A part of a name, in the address as `find`; the server is asked when somebody pauses. */
export function Find({ label, placeholder }: { label: string; placeholder: string }) {
  const { find } = useSearch({ strict: false }) as { find?: string }
  const set = useFilters()
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={placeholder}
      className="field sm:!w-72"
      value={find ?? ''}
      onChange={(event) => set({ find: event.target.value || undefined })}
    />
  )
}
/** What is looked for, once somebody pauses; undefined for everything. */
export function useFind(): string | undefined {
  const { find } = useSearch({ strict: false }) as { find?: string }
  return usePaused((find ?? '').trim()) || undefined
}

export function Nothing({
  filtered,
  title,
  children,
  action,
}: {
  filtered: boolean
  title: string
  children: ReactNode
  action?: ReactNode
}) {
  return filtered ? (
    <NothingMatches />
  ) : (
    <Empty title={title} action={action}>
      {children}
    </Empty>
  )
}

export function Back({
  to,
  params,
  children,
}: {
  to: string
  params: Record<string, string>
  children: ReactNode
}) {
  return (
    <Go to={to} params={params} className="inline-block text-[13px] text-muted hover:text-ink mb-1">
      {children}
    </Go>
  )
}

/** What opens something over the page, or in it. */
const opening = ['delivery', 'do', 'create', 'publish', 'entry', 'code', 'type']

/** Changes filters in the address; undefined takes one away. What is opened can be closed by the browser's "back". */
export function useFilters(): (change: Record<string, string | undefined>) => void {
  const navigate = useNavigate()
  const router = useRouter()
  return (change) => {
    const { search, state } = router.state.location as {
      search: Record<string, unknown>
      state: { opened?: string }
    }
    const opened = opening.find((name) => change[name] !== undefined && search[name] === undefined)
    const closes = state.opened !== undefined && state.opened in change
    const onlyCloses = closes && Object.values(change).every((value) => value === undefined)
    if (onlyCloses && change[state.opened!] === undefined) return router.history.back()
    void navigate({
      to: '.',
      search: (before: Record<string, unknown>) => ({ ...before, ...change }),
      replace: opened === undefined,
      state: opened ? { opened } : closes ? {} : true,
    } as never)
  }
}

/** Asks for the next page when it comes on the screen, or when it is pressed. */
export function More<T>({ list }: { list: UseInfiniteQueryResult<InfiniteData<Page<T>>> }) {
  const [ref, seen] = useInView<HTMLDivElement>('200px')
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = list
  // A page may come before it was drawn that it is asked for, and leave the end on the screen: then nothing but the
  // answer is new.
  const answered = `${list.data?.pages.length} ${list.dataUpdatedAt}`
  useEffect(() => {
    // After a failure only when it is pressed.
    if (seen && hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage()
  }, [seen, answered, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage])
  if (!hasNextPage) return null
  return (
    <div ref={ref} className="p-3 text-center">
      {isFetchNextPageError && (
        <p role="alert" className="text-bad text-[13px] mb-2">
          More could not be loaded.
        </p>
      )}
      <Button tone="quiet" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        Load more
      </Button>
    </div>
  )
}

export const primaryLink =
  'inline-flex items-center h-9 px-3 rounded-lg bg-accent text-onaccent font-medium text-[13.5px] hover:bg-accent/90 shadow-card'

export const plainLink =
  'inline-flex items-center h-9 px-3 rounded-lg border border-line bg-panel hover:bg-sunken shadow-card font-medium text-[13.5px]'
