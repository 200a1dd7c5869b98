import { ApiError, get, query, type Realm, realmPath } from '../api/client'
import { useQuery } from '../asked'
import { useRealm } from '../queries'
import { useSession } from '../session'
import { shortId } from './format'

/** Kinds of things that have names, and who may look at them. */
const needs: Record<string, string | undefined> = {
  user: 'view_users',
  client: 'view_clients',
  api_key: 'view_api_keys',
  role: 'view_roles',
  webhook: 'view_webhooks',
  realm: 'view_realms',
}

type Found = { items: { id: string | null; name: string; detail: string }[] }

const uuid = /^[0-9a-f-]{36}$/
/** A name seldom changes; the stream says when one does. */
const fresh_ms = 5 * 60_000

/** What one thing is called; null when it is not there (any more), undefined while that is not known. */
export function useName(kind: string, id: string | undefined): string | null | undefined {
  const realm = useRealm()
  const { who, can } = useSession()
  const needed = needs[kind]
  const home = who?.realm ?? realm
  return useQuery({
    queryKey: ['name', realm, kind, id],
    enabled: needed !== undefined && id !== undefined && uuid.test(id) && can(needed),
    staleTime: fresh_ms,
    queryFn: async ({ signal }) => {
      if (kind === 'realm')
        return get<Realm>(realmPath(id!, ''), signal).then(
          ({ name }) => name,
          (error: unknown) => {
            if (error instanceof ApiError && error.status === 404) return null
            throw error
          },
        )
      // Somebody of this realm, or of the one of who looks: administrators are of master. A search finds nothing
      // where the thing itself would be an error.
      for (const place of new Set([realm, home])) {
        const path = realmPath(place, '/search') + query({ q: id, kinds: kind, limit: 1 })
        const found = (await get<Found>(path, signal)).items.find((each) => each.id === id)
        if (found) return found.name || found.detail
      }
      return null
    },
  }).data
}

/** What somebody or something is called; its id when that is not known, or it is deleted. */
export function Name({ kind, id, deleted }: { kind: string; id: string; deleted?: string }) {
  const name = useName(kind, id)
  return <>{name || (name === null && deleted) || (id.length > 30 ? shortId(id) : id)}</>
}
