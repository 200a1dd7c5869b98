import { keepPreviousData, useMutation, useQueryClient } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'

import {
  call,
  type Delivery,
  get,
  type Operation,
  type Page,
  query,
  realmPath,
} from '../api/client'
import { useQuery } from '../asked'
import { useRealm } from '../queries'
import { Allowed } from '../session'
import { count, plural } from '../ui/format'
import { Button, Failure, Modal } from '../ui/kit'
import { isLost } from '../ui/stale'
import { Time } from '../ui/time'
import { type Times, useTimes } from '../ui/time-filter'

export type Counted = { count: number; is_more: boolean }
export const upTo = ({ count: number, is_more }: Counted, one: string, many: string) =>
  is_more ? `${count(number)}+ ${many}` : plural(number, one, many)

/** What a retry is asked for: the members of its body. */
export type RetryFilter = {
  state: 'pending' | 'failed' | 'cancelled'
  webhook_id?: string
  event?: string
  resource_id?: string
  status?: string
  outcome?: string
  min_duration?: string
} & Times

export const countRetry = (realm: string, filter: RetryFilter, signal?: AbortSignal) =>
  call<Counted>('POST', realmPath(realm, '/deliveries/retry'), {
    body: { ...filter, dry_run: true },
    signal,
  })

/** How many deliveries match, counted by the server; a pulse of the stream asks for it again, as for the lists. */
export function useCount(filter: RetryFilter, enabled = true) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['deliveries', realm, 'count', filter],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => countRetry(realm, filter, signal),
  })
}

/** So many delivered ones are counted: a list's page. */
const delivered_max = 200
/** What became of what was sent again: the states of everything of that webhook, or of all, in that time. */
function Became({ webhook }: { webhook: string | null }) {
  const realm = useRealm()
  const search = useSearch({ strict: false }) as Times
  const times = useTimes(search)
  const now = useQuery({
    queryKey: ['deliveries', realm, webhook, 'became', times],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const of = (state: RetryFilter['state']) =>
        countRetry(realm, { state, webhook_id: webhook ?? undefined, ...times }, signal)
      const path = realmPath(realm, webhook ? `/webhooks/${webhook}/deliveries` : '/deliveries')
      const filters = { state: 'delivered', ...times, limit: delivered_max }
      const [failed, pending, page] = await Promise.all([
        of('failed'),
        of('pending'),
        get<Page<Delivery>>(path + query(filters), signal),
      ])
      const delivered = {
        count: page.items.filter((each) => !each.test).length,
        is_more: page.next_cursor !== null,
      }
      return { failed, pending, delivered }
    },
  })
  if (!now.data) return null
  return (
    <p aria-label="What became of them" className="text-[13.5px]">
      Of everything {times.since ? 'in this time' : 'that is kept'}{' '}
      <span className="text-good">{upTo(now.data.delivered, 'is', 'are')} delivered</span>,{' '}
      <span className={now.data.failed.count > 0 ? 'text-bad' : ''}>
        {upTo(now.data.failed, 'has', 'have')} failed
      </span>
      , {upTo(now.data.pending, 'is', 'are')} pending.
    </p>
  )
}

const titles = { recover: 'Recovery', retry: 'Attempt again' }

/** How far an operation has come, and what became of it. It is in the address: whoever loads the page again sees it. */
export function OperationDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const realm = useRealm()
  const cache = useQueryClient()
  const running = useQuery({
    queryKey: ['operation', realm, id],
    queryFn: () => get<Operation>(realmPath(realm, `/operations/${id}`)),
    refetchInterval: ({ state }) => (state.data && state.data.state !== 'running' ? false : 500),
  })
  const cancel = useMutation({
    mutationFn: () => call('DELETE', realmPath(realm, `/operations/${id}`)),
    onSettled: () => running.refetch(),
  })
  const operation = running.data
  const state = operation?.state
  useEffect(() => {
    if (state && state !== 'running') void cache.invalidateQueries({ queryKey: ['deliveries'] })
  }, [cache, state])
  const isCounting = operation?.phase === 'counting'
  const share =
    !operation || isCounting
      ? 0
      : operation.total === 0
        ? 100
        : Math.min(100, Math.round((operation.done / operation.total) * 100))
  return (
    <Modal open onClose={onClose} title={operation ? titles[operation.kind] : 'Operation'}>
      {isLost(running) ? (
        <Failure error={running.error} retry={() => running.refetch()} />
      ) : (
        <div className="space-y-4">
          <div
            role="progressbar"
            aria-label="Progress"
            aria-valuenow={share}
            aria-valuemin={0}
            aria-valuemax={100}
            className="h-2 rounded-full bg-sunken overflow-hidden"
          >
            <div
              className="h-full bg-accent rounded-full transition-all"
              style={{ width: `${share}%` }}
            />
          </div>
          <p aria-live="polite">
            {operation && isCounting ? (
              <>
                Counting: {count(operation.total)} so far
                {operation.looked_until && (
                  <>
                    , has looked as far as <Time at={operation.looked_until} />
                  </>
                )}
              </>
            ) : operation ? (
              <>
                {count(operation.done)} of {count(operation.total)} made due ·{' '}
                <span className="font-medium">{operation.state}</span>
              </>
            ) : (
              'Starting…'
            )}
          </p>
          {operation?.detail && <p className="text-bad">{operation.detail}</p>}
          {operation && state !== 'running' && (
            <Allowed to="redeliver">
              <Became webhook={operation.webhook_id} />
            </Allowed>
          )}
          {state === 'running' && (
            <p className="text-muted text-[13px]">
              It goes on when you close this, and survives a restart of the server.
            </p>
          )}
        </div>
      )}
      <div className="flex justify-end gap-2 mt-6">
        {state === 'running' && (
          <Allowed to="redeliver">
            <Button tone="danger" busy={cancel.isPending} onClick={() => cancel.mutate()}>
              Stop it
            </Button>
          </Allowed>
        )}
        <Button onClick={onClose}>Close</Button>
      </div>
    </Modal>
  )
}
