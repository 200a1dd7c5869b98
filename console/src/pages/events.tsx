import { Link, useSearch } from '@tanstack/react-router'

import { useEvents, useRealm } from '../queries'
import { Allowed } from '../session'
import { shortId } from '../ui/format'
import { Badge, Button, Failure, PageHead, Skeleton } from '../ui/kit'
import { More, Nothing, useFilters, useTyped } from '../ui/listing'
import { isLost } from '../ui/stale'
import { Time } from '../ui/time'
import { TimeFilter, useTimes } from '../ui/time-filter'
import { EventTypeFilter } from './event-type-filter'
import { PublishDialog } from './publish'

export function Events() {
  const realm = useRealm()
  const set = useFilters()
  const search = useSearch({ strict: false }) as {
    event?: string
    resource_id?: string
    since?: string
    until?: string
    publish?: string
  }
  const [resource, setResource] = useTyped(search.resource_id)
  const times = useTimes(search)
  const list = useEvents({ event: search.event, resource_id: search.resource_id, ...times })
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <PageHead
        title="Events"
        lead="Everything that was published, newest first."
        actions={
          <Allowed to="publish_events">
            <Button tone="primary" icon="send" onClick={() => set({ publish: '1' })}>
              Publish event
            </Button>
          </Allowed>
        }
      />
      <div className="card overflow-hidden">
        <form
          className="filters"
          onSubmit={(event) => {
            event.preventDefault()
            set({ resource_id: resource.trim() || undefined })
          }}
        >
          <EventTypeFilter groups value={search.event} onChange={(event) => set({ event })} />
          <TimeFilter since={search.since} until={search.until} onChange={set} />
          <input
            aria-label="Resource id"
            placeholder="Resource id, then Enter"
            className="field sm:!w-72 font-mono !text-[12.5px]"
            value={resource}
            onChange={(event) => setResource(event.target.value)}
          />
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
        </form>
        {list.isPending ? (
          <Skeleton rows={8} />
        ) : isLost(list) ? (
          <div className="p-4">
            <Failure error={list.error} retry={() => list.refetch()} />
          </div>
        ) : rows.length === 0 ? (
          <Nothing
            filtered={Boolean(search.event ?? search.resource_id ?? search.since ?? search.until)}
            title="No events yet"
          >
            Publish one by hand, or through the API.
          </Nothing>
        ) : (
          <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Events">
            <table className="w-full">
              <thead>
                <tr>
                  <th className="th">Event</th>
                  <th className="th hidden md:table-cell">Resource</th>
                  <th className="th hidden sm:table-cell">Origin</th>
                  <th className="th text-right">Accepted</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((event) => (
                  <tr key={event.id} className="hover:bg-sunken/60 relative">
                    <td className="td">
                      <Link
                        to="/$realm/events/$id"
                        params={{ realm, id: event.id }}
                        className="font-medium break-all after:absolute after:inset-0"
                      >
                        {event.event}
                      </Link>
                    </td>
                    <td className="td hidden md:table-cell font-mono text-[12.5px] text-muted">
                      {shortId(event.resource_id)}
                    </td>
                    <td className="td hidden sm:table-cell">
                      <Badge tone="idle">{event.origin}</Badge>
                    </td>
                    <td className="td text-right text-muted text-[13px]">
                      <Time at={event.accepted_at} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            <More list={list} />
          </div>
        )}
      </div>
      {search.publish && (
        <PublishDialog first={search.publish} onClose={() => set({ publish: undefined })} />
      )}
    </>
  )
}
