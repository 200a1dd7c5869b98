import { useSearch } from '@tanstack/react-router'

import { type AuditEntry, realmPath } from '../api/client'
import { usePages, useRealm } from '../queries'
import { shortId } from '../ui/format'
import { Badge, Button, Code, CopyButton, Modal, PageHead } from '../ui/kit'
import { Listing, Nothing, useFilters, useTyped } from '../ui/listing'
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

/** Where an entry's resource can be looked at. */
const places: Record<string, string> = {
  user: 'users',
  role: 'roles',
  webhook: 'webhooks',
  event: 'events',
  client: 'clients',
}

function Detail({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
  return (
    <Modal open onClose={onClose} title={entry.action}>
      <dl className="grid grid-cols-[6rem_minmax(0,1fr)] gap-y-2 text-[13.5px] mb-4">
        <dt className="text-muted">When</dt>
        <dd>
          <Time at={entry.time} full />
        </dd>
        <dt className="text-muted">Who</dt>
        <dd className="break-all">
          {entry.actor.kind.replaceAll('_', ' ')}{' '}
          <span className="font-medium">
            <Name id={entry.actor.id} />
          </span>{' '}
          <span className="font-mono text-[12.5px]">{entry.actor.id}</span>
        </dd>
        <dt className="text-muted">What</dt>
        <dd className="font-mono text-[12.5px] break-all flex items-center gap-1">
          {entry.resource_id}
          <CopyButton text={entry.resource_id} label="Copy resource id" />
        </dd>
      </dl>
      <Code label="detail" text={JSON.stringify(entry.detail, null, 2)} />
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
        list={list}
        filters={
          <>
            <select
              aria-label="Action"
              className="field sm:!w-44"
              value={search.action ?? ''}
              onChange={(event) => set({ action: event.target.value || undefined })}
            >
              <option value="">Any action</option>
              {search.action && !areas.includes(search.action) && <option>{search.action}</option>}
              {areas.map((area) => (
                <option key={area}>{area}</option>
              ))}
            </select>
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
              <button
                type="button"
                className="font-medium text-left break-all after:absolute after:inset-0"
                onClick={() => set({ entry: entry.id })}
              >
                {entry.action}
              </button>
            ),
          },
          {
            label: 'Who',
            from: 'sm',
            cell: (entry) => (
              <span className="flex flex-wrap items-center gap-x-2">
                <Badge tone="idle">{entry.actor.kind.replaceAll('_', ' ')}</Badge>
                <button
                  type="button"
                  className="relative z-[1] text-[13px] hover:underline break-words text-left"
                  title={`Only what they did (${entry.actor.id})`}
                  onClick={() => set({ actor_id: entry.actor.id })}
                >
                  <Name id={entry.actor.id} />
                </button>
              </span>
            ),
          },
          {
            label: 'What',
            from: 'md',
            cell: (entry) => {
              const place = places[entry.action.split('.')[0] ?? '']
              const id = (
                <span className="font-mono text-[12.5px]">
                  {entry.resource_id.length > 30 ? shortId(entry.resource_id) : entry.resource_id}
                </span>
              )
              return place &&
                !entry.action.endsWith('delete') &&
                /^[0-9a-f-]{36}$/.test(entry.resource_id) ? (
                <RowId to={`/$realm/${place}/$id`} id={entry.resource_id} />
              ) : (
                <span className="text-muted">{id}</span>
              )
            },
          },
          {
            label: 'When',
            className: 'text-right',
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
