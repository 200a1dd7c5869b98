import { useMutation, useQueryClient } from '@tanstack/react-query'

import { call, type Delivery, realmPath } from '../api/client'
import { useRealm } from '../queries'
import { useToast } from '../ui/toasts'

/** Does something to some deliveries, each for itself: one that is refused holds up none of the others. */
function useEach(verb: string, said: (count: number) => string) {
  const realm = useRealm()
  const cache = useQueryClient()
  const toast = useToast()
  return useMutation({
    mutationFn: (ids: string[]) =>
      Promise.allSettled(
        ids.map((id) => call<Delivery>('POST', realmPath(realm, `/deliveries/${id}/${verb}`))),
      ),
    onSuccess: (all) => {
      const refused = all.filter((each) => each.status === 'rejected')
      const done = all.length - refused.length
      if (done > 0) toast(said(done))
      if (refused[0])
        toast(
          refused.length === 1
            ? (refused[0].reason as Error).message
            : `${refused.length} were refused: ${(refused[0].reason as Error).message}`,
          true,
        )
    },
    onSettled: () =>
      Promise.all(
        ['deliveries', 'delivery', 'event', 'statistics', 'webhook'].map((key) =>
          cache.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  })
}

/** Takes final deliveries back to pending. */
export const useRedeliver = () =>
  useEach('redeliver', (count) =>
    count === 1 ? 'On its way again.' : `${count} deliveries are on their way again.`,
  )

/** Makes pending deliveries due now. */
export const useAttemptNow = () =>
  useEach('attempt-now', (count) =>
    count === 1 ? 'It is attempted now.' : `${count} deliveries are attempted now.`,
  )
