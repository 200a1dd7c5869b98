import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'

import {
  get,
  query,
  realmPath,
  type Delivery,
  type EventType,
  type Page,
  type PostriderEvent,
  type Realm,
  type Statistics,
  type Webhook,
} from './api/client'
import { refreshMs } from './live'

export function useRealm(): string {
  const { realm } = useParams({ strict: false }) as { realm?: string }
  return realm ?? 'master'
}

/** All pages of a list that is small by nature. */
export async function all<T>(path: string, signal: AbortSignal, pages_max = 10): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  for (let page = 0; page < pages_max; ++page) {
    const answer: Page<T> = await get<Page<T>>(path + query({ limit: 200, cursor }), signal)
    items.push(...answer.items)
    cursor = answer.next_cursor
    if (!cursor) break
  }
  return items
}

export const useRealms = () =>
  useQuery({ queryKey: ['realms'], queryFn: ({ signal }) => all<Realm>('/realms', signal) })

export function useWebhooks() {
  const realm = useRealm()
  return useQuery({
    queryKey: ['webhooks', realm],
    queryFn: ({ signal }) => all<Webhook>(realmPath(realm, '/webhooks'), signal),
  })
}

export function useEventTypes() {
  const realm = useRealm()
  return useQuery({
    queryKey: ['event-types', realm],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const own = (await get<Page<EventType>>(realmPath(realm, '/event-types'), signal)).items
      const known = new Set(own.map((each) => each.name))
      const built_in = (await get<{ items: EventType[] }>('/event-types', signal)).items
      return [...built_in.filter((each) => !known.has(each.name)), ...own].sort((a, b) =>
        a.name.localeCompare(b.name),
      )
    },
  })
}

export function usePages<T>(
  key: unknown[],
  path: string,
  filters: Record<string, string | undefined>,
  limit = 50,
) {
  return useInfiniteQuery({
    queryKey: [...key, filters],
    queryFn: ({ pageParam, signal }) =>
      get<Page<T>>(path + query({ limit, ...filters, cursor: pageParam }), signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    // Only the first page is live: more pages would be asked again one by one.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= 1 ? refreshMs() : false),
  })
}

export function useDeliveries(
  webhook: string | null,
  filters: Record<string, string | undefined>,
  limit?: number,
) {
  const realm = useRealm()
  const rest = webhook ? `/webhooks/${webhook}/deliveries` : '/deliveries'
  return usePages<Delivery>(['deliveries', realm, webhook], realmPath(realm, rest), filters, limit)
}

export function useEvents(filters: Record<string, string | undefined>) {
  const realm = useRealm()
  return usePages<PostriderEvent>(['events', realm], realmPath(realm, '/events'), filters)
}

/** What became of the deliveries of the last `hours`, in 48 spans; the newest 20,000 of them. */
export function useStatistics(hours: number) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['statistics', realm, hours],
    placeholderData: keepPreviousData,
    refetchInterval: () => Math.max(5_000, refreshMs()),
    queryFn: ({ signal }) =>
      get<Statistics>(
        realmPath(realm, '/statistics') +
          query({ since: new Date(Date.now() - hours * 3_600_000).toISOString() }),
        signal,
      ),
  })
}

/** What the lists' sparklines are made of: the latest 1,000 deliveries. */
export function useRecentDeliveries() {
  const realm = useRealm()
  return useQuery({
    queryKey: ['recent-deliveries', realm],
    refetchInterval: () => Math.max(10_000, refreshMs()),
    queryFn: ({ signal }) => all<Delivery>(realmPath(realm, '/deliveries'), signal, 5),
  })
}
