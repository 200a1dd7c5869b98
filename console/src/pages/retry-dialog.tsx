import { useMutation } from '@tanstack/react-query'

import { call, type Operation, realmPath } from '../api/client'
import { useRealm } from '../queries'
import { Button, Failure, Modal } from '../ui/kit'
import { useFilters } from '../ui/listing'
import { Name } from '../ui/names'
import { OperationDialog, type RetryFilter, upTo, useCount } from './operation-dialog'

const nouns: Record<RetryFilter['state'], [string, string]> = {
  pending: ['pending delivery', 'pending deliveries'],
  failed: ['failed delivery', 'failed deliveries'],
  cancelled: ['cancelled delivery', 'cancelled deliveries'],
}

/** Attempts all that match, pending ones now and final ones again; says before how many that is. */
export function RetryDialog({
  filter,
  operation,
  onClose,
}: {
  filter: RetryFilter
  operation: string | undefined
  onClose: () => void
}) {
  const realm = useRealm()
  const change = useFilters()
  const isPending = filter.state === 'pending'
  const counted = useCount(filter, operation === undefined)
  const start = useMutation({
    mutationFn: () =>
      call<Operation>('POST', realmPath(realm, '/deliveries/retry'), { body: filter }),
    onSuccess: ({ id }) => change({ do: 'operation', operation: id }),
  })
  if (operation) return <OperationDialog id={operation} onClose={onClose} />
  const narrowed = [
    filter.event,
    filter.status && `answered ${filter.status}`,
    filter.outcome?.replaceAll('_', ' '),
    filter.resource_id && 'of one resource',
    filter.min_duration && `that took ${filter.min_duration} or more`,
    (filter.since ?? filter.until) && 'of the time that is chosen',
  ].filter(Boolean)
  const nothing = counted.data?.count === 0 && !counted.data.is_more
  return (
    <Modal
      open
      onClose={onClose}
      title={isPending ? 'Attempt all that is pending now' : 'Redeliver all of these'}
    >
      <div className="space-y-4">
        <p className="text-muted">
          {isPending
            ? 'Each is attempted as soon as it is its turn, without waiting for its time. That uses up none of its retries: if it fails, the wait begins anew.'
            : 'Each gets its whole retry schedule again, with the webhook’s URL, headers and secret of now.'}
        </p>
        <p role="status">
          {counted.data ? (
            <span className="font-medium">{upTo(counted.data, ...nouns[filter.state])}</span>
          ) : counted.isError ? (
            'How many these are could not be counted.'
          ) : (
            'Counting…'
          )}{' '}
          {filter.webhook_id ? (
            <>
              to <Name kind="webhook" id={filter.webhook_id} />
            </>
          ) : (
            'to all webhooks'
          )}
          {narrowed.length > 0 && `, ${narrowed.join(', ')}`}.
        </p>
        {start.isError && <Failure error={start.error} />}
      </div>
      <div className="flex justify-end gap-2 mt-6">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          tone="primary"
          icon="retry"
          disabled={nothing}
          busy={start.isPending}
          onClick={() => start.mutate()}
        >
          {isPending ? 'Attempt now' : 'Redeliver'}
        </Button>
      </div>
    </Modal>
  )
}
