import { notifyManager, useQueryClient } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'

import { ApiError } from '../api/client'
import { Button } from './kit'

type Asked = { isError: boolean; isLoadingError: boolean; error: unknown }

/** Nothing to show: it could not be loaded, or is there no more. What only could not be loaded *again* stays
    on the screen, with all that somebody has typed; <Stale> says so. */
export function isLost<Q extends Asked>(query: Q): query is Extract<Q, { isLoadingError: true }> {
  if (query.isLoadingError) return true
  return query.isError && query.error instanceof ApiError && [403, 404].includes(query.error.status)
}

const isOld = ({ status, data, error }: { status: string; data: unknown; error: unknown }) =>
  status === 'error' &&
  data !== undefined &&
  error instanceof ApiError &&
  (error.status === 0 || error.status >= 500)

/** Pages whose code is waited for, because the server does not answer. */
let waiting = 0
const listeners = new Set<() => void>()
/** While `work` goes on <Stale> says that the server does not answer. */
export async function whileAway(work: Promise<void>) {
  const count = (change: number) => {
    waiting += change
    listeners.forEach((each) => each())
  }
  count(1)
  await work.finally(() => count(-1))
}

/** Whether something that is shown could not be asked for again, or what is to be shown is waited for. */
function useStale(): boolean {
  const cache = useQueryClient().getQueryCache()
  return useSyncExternalStore(
    useCallback(
      (listener) => {
        const unsubscribe = cache.subscribe(notifyManager.batchCalls(listener))
        listeners.add(listener)
        return () => {
          unsubscribe()
          listeners.delete(listener)
        }
      },
      [cache],
    ),
    () => waiting > 0 || cache.getAll().some((asked) => asked.isActive() && isOld(asked.state)),
  )
}

export function Stale() {
  const queries = useQueryClient()
  if (!useStale()) return null
  return (
    <div
      role="status"
      className="fixed z-30 inset-x-4 bottom-4 mx-auto w-fit max-w-full card shadow-float flex flex-wrap items-center gap-3 pl-4 pr-2 py-2 text-[13.5px]"
    >
      <span className="w-2 h-2 rounded-full bg-warn" aria-hidden="true" />
      The server does not answer: what you see may be old.
      <Button
        tone="quiet"
        icon="retry"
        onClick={() => void queries.refetchQueries({ type: 'active' })}
      >
        Try again
      </Button>
    </div>
  )
}
