import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'

import { call, get, type Page, query, realmPath } from '../api/client'
import { live } from '../live'
import { useRealm } from '../queries'
import { Allowed } from '../session'
import { Button } from '../ui/kit'
import { Time } from '../ui/time'
import { useToast } from '../ui/toasts'

type Held = { resource_id: string; delivery_id: string; held_since: string }

/** The resources whose events wait because one has failed for good, and what to do about each. */
export function HeldResources({ webhook }: { webhook: string }) {
  const realm = useRealm()
  const cache = useQueryClient()
  const toast = useToast()
  const path = realmPath(realm, `/webhooks/${webhook}`)
  const held = useQuery({
    // A key of the webhook: what changes there asks for this anew.
    queryKey: ['webhook', realm, webhook, 'held'],
    queryFn: ({ signal }) => get<Page<Held>>(`${path}/held${query({ limit: 20 })}`, signal),
    meta: live,
  })
  const release = useMutation({
    mutationFn: ({ resource, how }: { resource: string; how: 'retry' | 'skip' }) =>
      call('POST', `${path}/release`, { body: { resource_id: resource, how } }),
    onSuccess: (_, { how }) =>
      toast(how === 'retry' ? 'It is attempted once more.' : 'Skipped; the next one goes.'),
    onError: (error) => toast(error.message, true),
    onSettled: () =>
      Promise.all(
        ['webhook', 'deliveries', 'delivery', 'statistics'].map((key) =>
          cache.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  })
  if (!held.data || held.data.items.length === 0) return null
  return (
    <section className="card p-5 mb-6 text-[13px]" aria-labelledby="held">
      <h2 id="held" className="font-semibold text-[15px] mb-1">
        Held resources
      </h2>
      <p className="text-muted mb-3">
        One event of each has failed for good. The later ones wait until you retry or skip it.
      </p>
      <ul className="divide-y divide-line">
        {held.data.items.map(({ resource_id, held_since }) => (
          <li key={resource_id} className="py-2 flex flex-wrap items-center gap-x-4 gap-y-2">
            <span className="font-mono text-[12.5px] break-all">{resource_id}</span>
            <span className="text-muted grow">
              since <Time at={held_since} />
            </span>
            <Allowed to="redeliver">
              <Button
                icon="retry"
                aria-label={`Retry ${resource_id}`}
                onClick={() => release.mutate({ resource: resource_id, how: 'retry' })}
              >
                Retry
              </Button>
              <Button
                aria-label={`Skip ${resource_id}`}
                onClick={() => release.mutate({ resource: resource_id, how: 'skip' })}
              >
                Skip
              </Button>
            </Allowed>
          </li>
        ))}
      </ul>
      {held.data.next_cursor && (
        <p className="text-muted mt-3">
          There are more; <code>postrider webhook release</code> releases all of them.
        </p>
      )}
    </section>
  )
}
