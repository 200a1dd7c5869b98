import { useQuery } from '@tanstack/react-query'

import {
  ApiError,
  type ApiKey,
  type Client,
  get,
  realmPath,
  type Role,
  type User,
  type Webhook,
} from '../api/client'
import { useRealm } from '../queries'
import { useSession } from '../session'
import { shortId } from './format'

/** Where one of a kind is asked for, who may, and how it is called. */
const kinds: Record<
  string,
  { path: string; needs: string; name: (one: unknown) => string } | undefined
> = {
  user: { path: '/users', needs: 'view_users', name: (one) => (one as User).username },
  client: { path: '/clients', needs: 'view_clients', name: (one) => (one as Client).client_id },
  api_key: { path: '/api-keys', needs: 'view_api_keys', name: (one) => (one as ApiKey).name },
  role: { path: '/roles', needs: 'view_roles', name: (one) => (one as Role).name },
  webhook: {
    path: '/webhooks',
    needs: 'view_webhooks',
    name: (one) => (one as Webhook).name || (one as Webhook).url,
  },
}

const uuid = /^[0-9a-f-]{36}$/
/** A name seldom changes; the stream says when one does. */
const fresh_ms = 5 * 60_000

/** What one thing is called; null when it is not there (any more), undefined while that is not known. */
export function useName(kind: string, id: string | undefined): string | null | undefined {
  const realm = useRealm()
  const { who, can } = useSession()
  const of = kinds[kind]
  const home = who?.realm ?? realm
  return useQuery({
    queryKey: ['name', realm, kind, id],
    enabled: of !== undefined && id !== undefined && uuid.test(id) && can(of.needs),
    staleTime: fresh_ms,
    queryFn: async ({ signal }) => {
      // Somebody of this realm, or of the one of who looks: administrators are of master.
      for (const place of new Set([realm, home])) {
        const one = await get<unknown>(realmPath(place, `${of!.path}/${id}`), signal).catch(
          (error: unknown) => {
            if (error instanceof ApiError && [403, 404].includes(error.status)) return null
            throw error
          },
        )
        if (one) return of!.name(one)
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
