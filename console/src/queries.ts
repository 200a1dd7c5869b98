import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'

import {
  ApiError,
  type Delivery,
  type EventType,
  get,
  type Page,
  type PostriderEvent,
  query,
  raw,
  type Realm,
  realmPath,
  type Statistics,
  type Webhook,
} from './api/client'
import { refreshMs } from './live'
import { itemTexts, memberText, pretty } from './ui/format'

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

/** A type with the texts of its schema and its example, "" for none: parsing would round long numbers. */
export type ExactType = EventType & { schema_text: string; example_text: string }

function exactType(text: string): ExactType {
  const shown = (name: string) => {
    const member = memberText(text, name)
    return member === undefined || member === 'null' ? '' : pretty(member)
  }
  const value = JSON.parse(text) as EventType
  return { ...value, schema_text: shown('schema'), example_text: shown('example') }
}

async function exactTypes(path: string, signal: AbortSignal): Promise<ExactType[]> {
  const text = await (await raw('GET', `/api/v1${path}`, { signal })).text()
  return itemTexts(memberText(text, 'items') ?? '[]').map(exactType)
}

/** The realm's own types and the built-in ones; the latter alone for who may not see the former. */
export function useEventTypes() {
  const realm = useRealm()
  return useQuery({
    queryKey: ['event-types', realm],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const own = await exactTypes(realmPath(realm, '/event-types'), signal).catch(
        (error: unknown) => {
          if (error instanceof ApiError && error.status === 403) return []
          throw error
        },
      )
      const known = new Set(own.map((each) => each.name))
      const built_in = await exactTypes('/event-types', signal)
      return [...built_in.filter((each) => !known.has(each.name)), ...own].sort((a, b) =>
        a.name.localeCompare(b.name),
      )
    },
  })
}

/** Where one of the realm's own types is. */
export const typePath = (realm: string, name: string) =>
  realmPath(realm, `/event-types/${encodeURIComponent(name)}`)

/** One of the realm's own types, with its version. */
export type OwnType = ExactType & { version: number }
export function useEventType(name: string) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['event-type', realm, name],
    queryFn: async ({ signal }) => {
      const text = await (await raw('GET', `/api/v1${typePath(realm, name)}`, { signal })).text()
      return exactType(text) as OwnType
    },
  })
}

/** Whether what a webhook subscribes to has this type (the server's rule, docs of `events`). */
export const subscribes = (patterns: readonly string[], type: string) =>
  patterns.some(
    (each) =>
      each === '*' || each === type || (each.endsWith('.*') && type.startsWith(each.slice(0, -1))),
  )

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

/** What attempts came to and what deliveries were settled in the last `hours`, in spans. */
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

const healthQuery = (realm: string, webhook: string) => ({
  queryKey: ['recent-deliveries', realm, webhook],
  refetchInterval: () => Math.max(10_000, refreshMs()),
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const path = realmPath(realm, `/webhooks/${webhook}/deliveries`)
    const page = await get<Page<Delivery>>(path + query({ limit: 50 }), signal)
    return page.items.filter((each) => !each.test)
  },
})

/** A webhook's latest deliveries, for its sparkline; asked for while it is on the screen. */
export function useHealth(webhook: string, enabled: boolean) {
  return useQuery({ ...healthQuery(useRealm(), webhook), enabled })
}

/** Whether a delivery fails: it did for good, or its last attempt did. */
const isFailing = ({ state, attempts }: Delivery) =>
  state === 'failed' || (state === 'pending' && attempts > 0)

/** Up to so many webhooks are asked for their own latest deliveries: a request each. */
const asked_each_max = 24
/** How many of each webhook's own latest deliveries fail; undefined while it is not known, or of many webhooks. */
export function useOwnFailures(webhooks: readonly Webhook[]) {
  const realm = useRealm()
  const few = webhooks.length <= asked_each_max ? webhooks : []
  return useQueries({
    queries: few.map((webhook) => healthQuery(realm, webhook.id)),
    combine: (asked) => {
      if (few.length === 0 || asked.some((each) => !each.data)) return undefined
      return new Map(
        asked.map(({ data = [] }, index) => [
          few[index]!.id,
          { bad: data.filter(isFailing).length, of: data.length },
        ]),
      )
    },
  })
}

/** So many of each state are looked at. */
export const failing_max = 200

export type Failing = { counts: Map<string, number>; any: boolean }
/** How many of the newest deliveries of `hours` are failing, by webhook; and whether there is any at all. */
export function useFailing(hours: number) {
  const realm = useRealm()
  return useQuery<Failing>({
    queryKey: ['recent-deliveries', realm, 'failing', hours],
    placeholderData: keepPreviousData,
    refetchInterval: () => Math.max(10_000, refreshMs()),
    queryFn: async ({ signal }) => {
      const since = new Date(Date.now() - hours * 3_600_000).toISOString()
      const list = (filters: Record<string, string | number>) =>
        get<Page<Delivery>>(realmPath(realm, '/deliveries') + query(filters), signal)
      const [failed, pending, newest] = await Promise.all([
        list({ state: 'failed', since, limit: failing_max }),
        list({ state: 'pending', since, limit: failing_max }),
        list({ limit: 50 }),
      ])
      const counts = new Map<string, number>()
      for (const each of [...failed.items, ...pending.items]) {
        if (each.test || !isFailing(each)) continue
        counts.set(each.webhook_id, (counts.get(each.webhook_id) ?? 0) + 1)
      }
      return { counts, any: newest.items.some((each) => !each.test) }
    },
  })
}
