import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import { type AuditEntry, realmPath } from '../api/client'
import { usePages, useRealm } from '../queries'
import { fullTime, shortId } from '../ui/format'
import { Badge, Button, Code, Modal, PageHead, Time } from '../ui/kit'
import { Listing, Nothing, SpanFilter, useFilters, useSince } from '../ui/listing'
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
        <dd>{fullTime(entry.time)}</dd>
        <dt className="text-muted">Who</dt>
        <dd className="break-all">
          {entry.actor.kind.replaceAll('_', ' ')}{' '}
          <span className="font-mono text-[12.5px]">{entry.actor.id}</span>
        </dd>
        <dt className="text-muted">What</dt>
        <dd className="font-mono text-[12.5px] break-all">{entry.resource_id}</dd>
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
    entry?: string
  }
  const set = useFilters()
  const [resource, setResource] = useState(search.resource_id ?? '')
  const since = useSince(search.since)
  const list = usePages<AuditEntry>(['audit', realm], realmPath(realm, '/audit'), {
    action: search.action,
    actor_id: search.actor_id,
    resource_id: search.resource_id,
    since,
  })
  const filtered = Boolean(search.action ?? search.actor_id ?? search.resource_id ?? search.since)
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
            <SpanFilter value={search.since} onChange={(since) => set({ since })} />
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
                  className="relative z-[1] font-mono text-[12.5px] text-muted hover:text-ink hover:underline break-all text-left"
                  title="Only what they did"
                  onClick={() => set({ actor_id: entry.actor.id })}
                >
                  {entry.actor.id.length > 30 ? shortId(entry.actor.id) : entry.actor.id}
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
