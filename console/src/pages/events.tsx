import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import { ApiError, call, realmPath } from '../api/client'
import { useEvents, useEventTypes, useRealm } from '../queries'
import { newId, shortId } from '../ui/format'
import { Badge, Button, Empty, Failure, Field, Modal, PageHead, Skeleton, Time } from '../ui/kit'
import { SpanFilter, useSince } from '../ui/listing'
import { useToast } from '../ui/toasts'

function PublishDialog({ onClose }: { onClose: () => void }) {
  const realm = useRealm()
  const types = useEventTypes()
  const cache = useQueryClient()
  const toast = useToast()
  const navigate = useNavigate()
  const [event, setEvent] = useState('')
  const [resource, setResource] = useState(newId)
  const [data, setData] = useState('{}')
  const [key] = useState(newId)
  const publish = useMutation({
    // The text goes as it is: numbers keep their digits.
    mutationFn: () =>
      call<{ id: string; deliveries: number }>('POST', realmPath(realm, '/events'), {
        text: `{"event":${JSON.stringify(event)},"resource_id":${JSON.stringify(resource)},"data":${data}}`,
        headers: { 'Idempotency-Key': key },
      }),
    onSuccess: async (done) => {
      toast(
        `Published; it goes to ${done.deliveries} ${done.deliveries === 1 ? 'webhook' : 'webhooks'}.`,
      )
      await cache.invalidateQueries({ queryKey: ['events'] })
      await navigate({ to: '/$realm/events/$id', params: { realm, id: done.id } })
    },
  })
  const error = publish.error instanceof ApiError ? publish.error : null
  return (
    <Modal open onClose={onClose} title="Publish an event" wide>
      <form
        className="space-y-5"
        noValidate
        onSubmit={(submit) => {
          submit.preventDefault()
          publish.mutate()
        }}
      >
        <div className="grid sm:grid-cols-2 gap-5">
          <Field label="Event type" error={error?.field('event')}>
            {(ids) => (
              <select
                {...ids}
                className="field"
                value={event}
                onChange={(change) => {
                  setEvent(change.target.value)
                  setData(
                    JSON.stringify(
                      types.data?.find((each) => each.name === change.target.value)?.example ?? {},
                      null,
                      2,
                    ),
                  )
                }}
              >
                <option value="">Choose…</option>
                {(types.data ?? []).map((type) => (
                  <option key={type.name}>{type.name}</option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Resource id" error={error?.field('resource_id')}>
            {(ids) => (
              <input
                {...ids}
                className="field font-mono !text-[12.5px]"
                value={resource}
                onChange={(change) => setResource(change.target.value)}
              />
            )}
          </Field>
        </div>
        <Field
          label="Data"
          hint="A JSON object; it arrives byte for byte, less white space."
          error={error?.field('data')}
        >
          {(ids) => (
            <textarea
              {...ids}
              className="field"
              rows={12}
              spellCheck={false}
              value={data}
              onChange={(change) => setData(change.target.value)}
            />
          )}
        </Field>
        {publish.isError &&
          !['event', 'resource_id', 'data'].some((name) => error?.field(name)) && (
            <Failure error={publish.error} />
          )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            tone="primary"
            type="submit"
            icon="send"
            busy={publish.isPending}
            disabled={!event}
          >
            Publish
          </Button>
        </div>
      </form>
    </Modal>
  )
}

export function Events() {
  const realm = useRealm()
  const navigate = useNavigate()
  const types = useEventTypes()
  const search = useSearch({ strict: false }) as {
    event?: string
    resource_id?: string
    since?: string
    publish?: string
  }
  const [resource, setResource] = useState(search.resource_id ?? '')
  const since = useSince(search.since)
  const list = useEvents({ event: search.event, resource_id: search.resource_id, since })
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const set = (change: Record<string, string | undefined>) =>
    void navigate({
      to: '.',
      search: (before: Record<string, unknown>) => ({ ...before, ...change }),
      replace: true,
    } as never)
  const groups = [...new Set((types.data ?? []).map((type) => `${type.name.split('.')[0]}.*`))]
  return (
    <>
      <PageHead
        title="Events"
        lead="Everything that was published, newest first."
        actions={
          <Button tone="primary" icon="send" onClick={() => set({ publish: '1' })}>
            Publish event
          </Button>
        }
      />
      <div className="card overflow-hidden">
        <form
          className="flex flex-wrap items-center gap-2 p-3 border-b border-line"
          onSubmit={(event) => {
            event.preventDefault()
            set({ resource_id: resource.trim() || undefined })
          }}
        >
          <select
            aria-label="Event type"
            className="field !w-52"
            value={search.event ?? ''}
            onChange={(event) => set({ event: event.target.value || undefined })}
          >
            <option value="">Any event</option>
            {groups.map((name) => (
              <option key={name}>{name}</option>
            ))}
            {(types.data ?? []).map((type) => (
              <option key={type.name}>{type.name}</option>
            ))}
          </select>
          <SpanFilter value={search.since} onChange={(since) => set({ since })} />
          <input
            aria-label="Resource id"
            placeholder="Resource id, then Enter"
            className="field !w-72 font-mono !text-[12.5px]"
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
        ) : list.isError ? (
          <div className="p-4">
            <Failure error={list.error} retry={() => void list.refetch()} />
          </div>
        ) : rows.length === 0 ? (
          <Empty
            icon="event"
            title={
              search.event || search.resource_id || search.since
                ? 'Nothing matches these filters'
                : 'No events yet'
            }
          >
            Publish one by hand, or through the API.
          </Empty>
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
            {list.hasNextPage && (
              <div className="p-3 text-center">
                <Button
                  tone="quiet"
                  busy={list.isFetchingNextPage}
                  onClick={() => void list.fetchNextPage()}
                >
                  Load more
                </Button>
              </div>
            )}
          </div>
        )}
      </div>
      {search.publish && <PublishDialog onClose={() => set({ publish: undefined })} />}
    </>
  )
}
