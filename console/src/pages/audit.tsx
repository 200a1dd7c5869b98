import { useSearch } from '@tanstack/react-router'

import {
  type AuditEntry,
  get,
  type Page,
  type PostriderEvent,
  query,
  realmPath,
} from '../api/client'
import { useQuery } from '../asked'
import { usePages, useRealm } from '../queries'
import { useSession } from '../session'
import { Difference } from '../ui/conflict'
import { Code } from '../ui/json'
import { Badge, Button, CopyButton, Modal, PageHead, Skeleton } from '../ui/kit'
import { ChoiceFilter, Listing, Nothing, useFilters, useTyped } from '../ui/listing'
import { Name } from '../ui/names'
import { Time } from '../ui/time'
import { TimeFilter, useTimes } from '../ui/time-filter'
import { RowId } from './sessions'

const areas = [
  'user.*',
  'role.*',
  'client.*',
  'redirect_uri.*',
  'webhook.*',
  'realm.*',
  'api_key.*',
  'session.*',
  'login.*',
  'delivery.*',
  'event_type.*',
]

/** Of what kind an entry's resource is. */
const kindOf = (entry: AuditEntry) => entry.action.split('.')[0] ?? ''

/** Where an entry's resource can be looked at. */
const places: Record<string, string> = {
  user: 'users',
  role: 'roles',
  webhook: 'webhooks',
  event: 'events',
  client: 'clients',
}

type Data = Record<string, unknown>
/** The values before and after a change, from the events that the directory published with it: the log itself
    has names of fields alone. undefined: those events are past their retention, or may not be seen. */
function useBeforeAndAfter(entry: AuditEntry, changed: string[]) {
  const realm = useRealm()
  const { can } = useSession()
  return useQuery({
    queryKey: ['audit-values', realm, entry.id],
    enabled: changed.length > 0 && can('view_events'),
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const kind = entry.action.split('.')[0]!
      const until = new Date(Date.parse(entry.time) + 1).toISOString()
      const filters = { resource_id: entry.resource_id, event: `${kind}.*`, until, limit: 20 }
      const page = await get<Page<PostriderEvent>>(
        realmPath(realm, '/events') + query(filters),
        signal,
      )
      const states = page.items
        .filter(({ origin }) => origin === 'directory')
        .map(({ accepted_at, data }) => ({ at: accepted_at, data: data as Data }))
        .filter(
          ({ data }) => data.id === entry.resource_id && changed.every((name) => name in data),
        )
      const [after, before] = states
      if (!after || !before || Date.parse(after.at) !== Date.parse(entry.time)) return null
      return changed.map((name) => ({ name, before: before.data[name], after: after.data[name] }))
    },
  })
}

function Changes({ entry, changed }: { entry: AuditEntry; changed: string[] }) {
  const values = useBeforeAndAfter(entry, changed)
  if (changed.length === 0) return null
  if (values.isLoading) return <Skeleton rows={2} />
  return (
    <dl aria-label="Changes" className="space-y-3 mb-4">
      {changed.map((name) => {
        const each = values.data?.find((value) => value.name === name)
        return (
          <div key={name}>
            <dt className="text-[13px] text-muted mb-1">{name.replaceAll('_', ' ')}</dt>
            <dd>
              {each ? (
                <Difference before={each.before ?? ''} after={each.after ?? ''} />
              ) : (
                <span className="text-[13px]">changed; its values are no longer kept</span>
              )}
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

function Detail({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
  const { changed, ...rest } = entry.detail as { changed?: string[] }
  return (
    <Modal open onClose={onClose} title={entry.action} wide>
      <dl className="grid grid-cols-[6rem_minmax(0,1fr)] gap-y-2 text-[13.5px] mb-4">
        <dt className="text-muted">When</dt>
        <dd>
          <Time at={entry.time} full />
        </dd>
        <dt className="text-muted">Who</dt>
        <dd className="break-all">
          {entry.actor.kind.replaceAll('_', ' ')}{' '}
          <span className="font-medium">
            <Name kind={entry.actor.kind} id={entry.actor.id} />
          </span>{' '}
          <span className="font-mono text-[12.5px] text-muted">{entry.actor.id}</span>
        </dd>
        <dt className="text-muted">What</dt>
        <dd className="break-all flex flex-wrap items-center gap-x-2">
          <span className="font-medium">
            <Name kind={kindOf(entry)} id={entry.resource_id} />
          </span>
          <span className="font-mono text-[12.5px] text-muted">{entry.resource_id}</span>
          <CopyButton text={entry.resource_id} label="Copy resource id" />
        </dd>
      </dl>
      <Changes entry={entry} changed={changed ?? []} />
      {Object.keys(rest).length > 0 && <Code label="detail" text={JSON.stringify(rest, null, 2)} />}
    </Modal>
  )
}

export function Audit() {
  const realm = useRealm()
  const search = useSearch({ strict: false }) as {
    action?: string
    actor_id?: string
    resource_id?: string
    since?: string
    until?: string
    entry?: string
  }
  const set = useFilters()
  const [resource, setResource] = useTyped(search.resource_id)
  const times = useTimes(search)
  const list = usePages<AuditEntry>(['audit', realm], realmPath(realm, '/audit'), {
    action: search.action,
    actor_id: search.actor_id,
    resource_id: search.resource_id,
    ...times,
  })
  const filtered = Boolean(
    search.action ?? search.actor_id ?? search.resource_id ?? search.since ?? search.until,
  )
  const chosen = list.data?.pages
    .flatMap((page) => page.items)
    .find((entry) => entry.id === search.entry)
  return (
    <>
      <PageHead
        title="Audit log"
        lead="Who changed what, and when; written together with the change."
      />
      <Listing
        label="Audit log"
        fixed
        list={list}
        filters={
          <>
            <ChoiceFilter
              label="Action"
              any="Any action"
              className="sm:!w-44"
              options={areas}
              value={search.action}
              onChange={(action) => set({ action })}
            />
            <TimeFilter since={search.since} until={search.until} onChange={set} />
            <form
              role="search"
              className="min-w-0 w-full sm:w-72"
              onSubmit={(event) => {
                event.preventDefault()
                set({ resource_id: resource.trim() || undefined })
              }}
            >
              <input
                aria-label="Resource id"
                placeholder="Resource id, then Enter"
                className="field font-mono !text-[12.5px]"
                value={resource}
                onChange={(event) => setResource(event.target.value)}
              />
            </form>
            {search.actor_id && (
              <Button tone="quiet" icon="cross" onClick={() => set({ actor_id: undefined })}>
                by one actor only
              </Button>
            )}
            {search.resource_id && (
              <Button
                tone="quiet"
                icon="cross"
                onClick={() => {
                  setResource('')
                  set({ resource_id: undefined })
                }}
              >
                Clear
              </Button>
            )}
          </>
        }
        empty={
          <Nothing filtered={filtered} title="Nothing has been changed yet">
            Every change of webhooks, users, roles, clients and keys is written here.
          </Nothing>
        }
        columns={[
          {
            label: 'Action',
            cell: (entry) => (
              <>
                <button
                  type="button"
                  className="font-medium text-left break-all after:absolute after:inset-0"
                  onClick={() => set({ entry: entry.id })}
                >
                  {entry.action}
                </button>
                <div className="md:hidden text-[12.5px] text-muted break-words">
                  <Name kind={kindOf(entry)} id={entry.resource_id} />
                  <span className="sm:hidden">
                    {' '}
                    by <Name kind={entry.actor.kind} id={entry.actor.id} />
                  </span>
                </div>
              </>
            ),
          },
          {
            label: 'Who',
            from: 'sm',
            cell: (entry) => (
              <span className="flex items-center gap-x-2">
                <Badge tone="idle">{entry.actor.kind.replaceAll('_', ' ')}</Badge>
                <button
                  type="button"
                  className="relative z-[1] text-[13px] hover:underline truncate text-left"
                  title={`Only what they did (${entry.actor.id})`}
                  onClick={() => set({ actor_id: entry.actor.id })}
                >
                  <Name kind={entry.actor.kind} id={entry.actor.id} />
                </button>
              </span>
            ),
          },
          {
            label: 'What',
            from: 'md',
            cell: (entry) => {
              const place = places[kindOf(entry)]
              const id = (
                <span className="block text-[13px] truncate">
                  <Name kind={kindOf(entry)} id={entry.resource_id} />
                </span>
              )
              return place &&
                !entry.action.endsWith('delete') &&
                /^[0-9a-f-]{36}$/.test(entry.resource_id) ? (
                <RowId to={`/$realm/${place}/$id`} id={entry.resource_id}>
                  {id}
                </RowId>
              ) : (
                <span className="text-muted">{id}</span>
              )
            },
          },
          {
            label: 'When',
            className: 'text-right w-28',
            cell: (entry) => (
              <span className="text-muted text-[13px]">
                <Time at={entry.time} />
              </span>
            ),
          },
        ]}
      />
      {chosen && <Detail entry={chosen} onClose={() => set({ entry: undefined })} />}
    </>
  )
}
