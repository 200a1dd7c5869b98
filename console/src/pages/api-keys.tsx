import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import { type ApiKey, type ApiKeyMade, call, type Permission, realmPath } from '../api/client'
import { usePages, useRealm } from '../queries'
import { Allowed } from '../session'
import { Confirm, Once, Rest, Text, useSave } from '../ui/form'
import { shortId } from '../ui/format'
import { Button, Field, Modal, PageHead } from '../ui/kit'
import { Unsaved } from '../ui/leaving'
import { Listing, Nothing, useFilters } from '../ui/listing'
import { Time } from '../ui/time'
import { useToast } from '../ui/toasts'
import { PermissionPicker, Permissions } from './permissions'

const lives = {
  '': 'until it is revoked',
  '1': 'for a day',
  '7': 'for 7 days',
  '30': 'for 30 days',
  '90': 'for 90 days',
  '365': 'for a year',
}

function CreateKey({ onClose }: { onClose: () => void }) {
  const realm = useRealm()
  const [name, setName] = useState('')
  const [life, setLife] = useState('90')
  const [permissions, setPermissions] = useState<Permission[]>([])
  const [made, setMade] = useState<ApiKeyMade | null>(null)
  const expires_at = () =>
    life ? new Date(Date.now() + Number(life) * 86_400_000).toISOString() : null
  const { save, busy, failed, field } = useSave(
    () =>
      call<ApiKeyMade>('POST', realmPath(realm, '/api-keys'), {
        body: { name, permissions, expires_at: expires_at() },
      }),
    ['api-keys'],
    setMade,
  )
  if (made) {
    return (
      <Once open title="API key created" label="API key" secret={made.key} onClose={onClose}>
        Programs send it as <code className="font-mono text-[12.5px]">Authorization: Bearer …</code>
        ; only its hash is kept.
      </Once>
    )
  }
  return (
    <Modal open onClose={onClose} title="Create an API key" wide>
      <form
        noValidate
        className="space-y-6"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(undefined)
        }}
      >
        <div className="grid sm:grid-cols-2 gap-5">
          <Text
            label="Name"
            autoFocus
            value={name}
            onChange={setName}
            error={field('name')}
            maxLength={200}
            hint="Who uses it, for the audit log."
          />
          <Field label="Valid" error={field('expires_at')} value={life}>
            {(ids) => (
              <select
                {...ids}
                className="field"
                value={life}
                onChange={(event) => setLife(event.target.value)}
              >
                {Object.entries(lives).map(([days, label]) => (
                  <option key={days} value={days}>
                    {label}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <div>
          <h3 className="label">What it permits</h3>
          <p className="text-muted text-[13px] mb-4">You can give only what you have yourself.</p>
          <PermissionPicker chosen={permissions} onChange={setPermissions} />
        </div>
        <Unsaved when={!busy && made === null && Boolean(name || permissions.length)} />
        <Rest of={failed} fields={['name', 'expires_at']} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" busy={busy}>
            Create key
          </Button>
        </div>
      </form>
    </Modal>
  )
}

export function ApiKeys() {
  const realm = useRealm()
  const toast = useToast()
  const search = useSearch({ strict: false }) as { create?: string }
  const set = useFilters()
  const list = usePages<ApiKey>(['api-keys', realm], realmPath(realm, '/api-keys'), {})
  const create = (
    <Allowed to="manage_api_keys">
      <Button tone="primary" icon="plus" onClick={() => set({ create: '1' })}>
        Create API key
      </Button>
    </Allowed>
  )
  return (
    <>
      <PageHead
        title="API keys"
        lead="For programs. Each may do what its permissions say, in this realm."
        actions={create}
      />
      <Listing
        label="API keys"
        list={list}
        empty={
          <Nothing filtered={false} title="No API keys" action={create}>
            Create one for each program that talks to this realm.
          </Nothing>
        }
        columns={[
          {
            label: 'Name',
            cell: (key) => (
              <>
                <span className="font-medium break-words">{key.name}</span>
                <div className="text-[12px] text-muted font-mono">{shortId(key.id)}</div>
              </>
            ),
          },
          {
            label: 'Permissions',
            from: 'lg',
            cell: (key) => <Permissions names={key.permissions} />,
          },
          {
            label: 'Made by',
            from: 'lg',
            cell: (key) =>
              key.made_by ? (
                <span className="text-[13px] break-words">
                  {key.made_by.name || key.made_by.id}
                </span>
              ) : (
                <span className="text-muted text-[13px]">not known</span>
              ),
          },
          {
            label: 'Last used',
            from: 'sm',
            cell: (key) =>
              key.last_used_at ? (
                <span className="text-[13px]">
                  <Time at={key.last_used_at} />
                </span>
              ) : (
                <span className="text-muted text-[13px]">never</span>
              ),
          },
          {
            label: 'Expires',
            from: 'md',
            cell: (key) =>
              key.expires_at ? (
                <span className="text-[13px]">
                  <Time at={key.expires_at} />
                </span>
              ) : (
                <span className="text-muted text-[13px]">never</span>
              ),
          },
          {
            label: 'Actions',
            className: 'text-right',
            cell: (key) => (
              <Confirm
                button="Revoke"
                tone="quiet"
                aria-label={`Revoke ${key.name}`}
                title={`Revoke ${key.name}?`}
                action="Revoke"
                keys={['api-keys']}
                done={() => toast('The key is revoked.')}
                request={() => call('DELETE', realmPath(realm, `/api-keys/${key.id}`))}
              >
                <p>Whoever uses it gets 401 from now on. This cannot be undone.</p>
              </Confirm>
            ),
          },
        ]}
      />
      {search.create && <CreateKey onClose={() => set({ create: undefined })} />}
    </>
  )
}
