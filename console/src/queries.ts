import { keepPreviousData } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'

import {
  ApiError,
  type Delivery,
  type EventType,
  get,
  type Page,
  type PostriderEvent,
  type Ranking,
  query,
  raw,
  type Realm,
  realmPath,
  type Statistics,
  type Webhook,
} from './api/client'
import { useInfiniteQuery, useQuery } from './asked'
import { live } from './live'
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

/** The newest webhooks; whether there are more says `next_cursor`. */
export function useNewestWebhooks() {
  const realm = useRealm()
  return useQuery({
    queryKey: ['webhooks', realm, 'newest'],
    queryFn: ({ signal }) =>
      get<Page<Webhook>>(realmPath(realm, '/webhooks') + query({ limit: 200 }), signal),
  })
}

export function useWebhook(id: string, enabled = true) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['webhook', realm, id],
    enabled,
    queryFn: async ({ signal }): Promise<Webhook> => {
      const path = `/api/v1${realmPath(realm, `/webhooks/${id}`)}`
      const text = await (await raw('GET', path, { signal })).text()
      const shown = (name: string) => {
        const member = memberText(text, name) ?? 'null'
        return member === 'null' ? '' : pretty(member)
      }
      const value = JSON.parse(text) as Webhook
      return { ...value, filter_text: shown('filter'), template_text: shown('template') }
    },
  })
}

/** Webhooks page by page: those with a text in name or URL, that are enabled or not, that subscribe to a type. */
export function useWebhookList(filters: { search?: string; enabled?: string; event?: string }) {
  const realm = useRealm()
  return usePages<Webhook>(['webhooks', realm, 'list'], realmPath(realm, '/webhooks'), filters)
}

/** A type with the texts of its schema and its example, "" for none: parsing would round long numbers. */
export type ExactType = EventType & {
  schema_text: string
  example_text: string
  operational?: boolean
}

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
  // The catalogue has the operational types beside the 27.
  return ['items', 'operational']
    .flatMap((list) => itemTexts(memberText(text, list) ?? '[]'))
    .map(exactType)
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
    meta: live,
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

const sinceOf = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()

/** What attempts came to in the last `hours`, in spans: of the realm, or of one webhook. */
export function useStatistics(hours: number, webhook_id?: string) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['statistics', realm, webhook_id, hours],
    placeholderData: keepPreviousData,
    meta: live,
    queryFn: ({ signal }) =>
      get<Statistics>(
        realmPath(realm, '/statistics') + query({ since: sinceOf(hours), webhook_id }),
        signal,
      ),
  })
}

/** So many are listed on the overview. */
const ranked_max = 12
/** The webhooks that fail most, by all their attempts of the last `hours`. */
export function useRanking(hours: number) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['statistics', realm, 'ranking', hours],
    placeholderData: keepPreviousData,
    meta: live,
    queryFn: ({ signal }) =>
      get<Ranking>(
        realmPath(realm, '/statistics') +
          query({ group_by: 'webhook', since: sinceOf(hours), limit: ranked_max }),
        signal,
      ),
  })
}

/** Whether anything has been delivered, or is to be, that is no test. */
export function useAnyDelivery() {
  const realm = useRealm()
  return useQuery({
    queryKey: ['deliveries', realm, 'any'],
    // Once there is one it stays so.
    staleTime: ({ state }) => (state.data ? Infinity : 0),
    meta: live,
    queryFn: async ({ signal }) => {
      const page = await get<Page<Delivery>>(realmPath(realm, '/deliveries?limit=50'), signal)
      return page.items.some((each) => !each.test)
    },
  })
}
