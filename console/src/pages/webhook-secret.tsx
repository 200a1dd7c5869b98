import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { call, get, realmPath, type Secret, type Webhook } from '../api/client'
import { useQuery } from '../asked'
import { useRealm } from '../queries'
import { Button, CopyButton, Failure, Field, Modal, Skeleton } from '../ui/kit'
import { isLost } from '../ui/stale'
import { Time } from '../ui/time'

export function SecretView({ secret }: { secret: Secret }) {
  const rows = [
    ['Secret', secret.secret],
    ['Public key', secret.public_key],
    ['FerrisKey secret', secret.ferriskey_secret],
    ['Previous secret', secret.previous],
  ] as const
  return (
    <div className="space-y-3">
      {rows.map(
        ([label, value]) =>
          value && (
            <div key={label}>
              <p className="label">{label}</p>
              <div className="flex items-center gap-1 rounded-lg bg-sunken border border-line pl-3 pr-1.5 py-1.5">
                <code className="flex-1 font-mono text-[12.5px] break-all">{value}</code>
                <CopyButton text={value} label={`Copy ${label.toLowerCase()}`} />
              </div>
            </div>
          ),
      )}
      {secret.previous_expires_at && (
        <p className="hint">
          The previous one goes on signing until <Time at={secret.previous_expires_at} full />.
        </p>
      )}
    </div>
  )
}

export function RotateDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const realm = useRealm()
  const cache = useQueryClient()
  const [overlap, setOverlap] = useState('24h')
  const rotate = useMutation({
    mutationFn: () =>
      call<Secret>('POST', realmPath(realm, `/webhooks/${webhook.id}/secret/rotate`), {
        body: { overlap },
      }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['webhook'] }),
  })
  return (
    <Modal open onClose={onClose} title="Rotate the secret">
      {rotate.data ? (
        <SecretView secret={rotate.data} />
      ) : (
        <div className="space-y-5">
          <p className="text-muted">
            Both secrets sign during the overlap, so your receiver goes on verifying while you
            change it.
          </p>
          <Field label="The old secret goes on signing for">
            {(ids) => (
              <select
                {...ids}
                className="field"
                value={overlap}
                onChange={(event) => setOverlap(event.target.value)}
              >
                <option value="0s">not at all (it has leaked)</option>
                <option value="1h">1 hour</option>
                <option value="24h">1 day</option>
                <option value="7d">7 days</option>
              </select>
            )}
          </Field>
          {rotate.isError && <Failure error={rotate.error} />}
          <div className="flex justify-end">
            <Button tone="primary" busy={rotate.isPending} onClick={() => rotate.mutate()}>
              Rotate
            </Button>
          </div>
        </div>
      )}
    </Modal>
  )
}

export function RevealDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const realm = useRealm()
  const secret = useQuery({
    queryKey: ['secret', webhook.id],
    gcTime: 0,
    staleTime: 0,
    queryFn: () => get<Secret>(realmPath(realm, `/webhooks/${webhook.id}/secret`)),
  })
  return (
    <Modal open onClose={onClose} title="Signing secret">
      {secret.isPending ? (
        <Skeleton rows={2} />
      ) : isLost(secret) ? (
        <Failure error={secret.error} retry={() => secret.refetch()} />
      ) : (
        <SecretView secret={secret.data} />
      )}
    </Modal>
  )
}
