import { useState } from 'react'

import { call, type Client, ifMatch, realmPath, type RedirectUri } from '../api/client'
import { useRedirects } from '../directory'
import { useRealm } from '../queries'
import { Check, Confirm, Rest, Text, useSave } from '../ui/form'
import { Button, EnabledBadge, Modal } from '../ui/kit'
import { Unsaved, useOpened } from '../ui/leaving'
import { Listing, Nothing } from '../ui/listing'
import { Time } from '../ui/time'

function RedirectDialog({
  client,
  uri,
  onClose,
}: {
  client: string
  uri: RedirectUri | null
  onClose: () => void
}) {
  const realm = useRealm()
  const [value, setValue] = useState(uri?.value ?? '')
  const [enabled, setEnabled] = useState(uri?.enabled ?? true)
  const path = realmPath(realm, `/clients/${client}/redirects`)
  const { save, busy, failed, field } = useSave(
    () =>
      uri
        ? call('PUT', `${path}/${uri.id}`, {
            body: { value, enabled },
            headers: ifMatch(uri.version),
          })
        : call('POST', path, { body: { value, enabled } }),
    ['redirects'],
    onClose,
  )
  return (
    <Modal open onClose={onClose} title={uri ? 'Change the redirect URI' : 'Add a redirect URI'}>
      <form
        noValidate
        className="space-y-5"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(undefined)
        }}
      >
        <Text
          label="URI"
          mono
          autoFocus
          type="url"
          placeholder="https://app.example/callback"
          value={value}
          onChange={setValue}
          error={field('value')}
          spellCheck={false}
          hint="Exactly as the application sends it; http only for this machine."
        />
        <Check label="Enabled" checked={enabled} onChange={setEnabled} />
        <Unsaved inDialog when={!busy && value !== (uri?.value ?? '')} />
        <Rest of={failed} fields={['value']} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" busy={busy}>
            {uri ? 'Save' : 'Add'}
          </Button>
        </div>
      </form>
    </Modal>
  )
}

export function Redirects({ client }: { client: Client }) {
  const realm = useRealm()
  const list = useRedirects(client.id)
  const [editing, setEditing] = useState<RedirectUri | 'new'>('new')
  const [open, setOpen] = useOpened()
  const edit = (uri: RedirectUri | 'new') => {
    setEditing(uri)
    void setOpen(true)
  }
  const add = (
    <Button tone="primary" icon="plus" onClick={() => edit('new')}>
      Add redirect URI
    </Button>
  )
  return (
    <>
      <Listing
        label="Redirect URIs"
        list={list}
        filters={
          <>
            <p className="text-muted text-[13px] flex-1 min-w-40">
              Where the application may have its users sent back to.
            </p>
            {add}
          </>
        }
        empty={
          <Nothing filtered={false} title="No redirect URIs">
            Add the addresses that {client.client_id} sends its users back to.
          </Nothing>
        }
        columns={[
          {
            label: 'URI',
            cell: (uri) => <span className="font-mono text-[12.5px] break-all">{uri.value}</span>,
          },
          {
            label: 'State',
            cell: (uri) => <EnabledBadge on={uri.enabled} />,
          },
          {
            label: 'Added',
            from: 'md',
            cell: (uri) => (
              <span className="text-muted text-[13px]">
                <Time at={uri.created_at} />
              </span>
            ),
          },
          {
            label: 'Actions',
            className: 'text-right',
            cell: (uri) => (
              <span className="inline-flex flex-wrap justify-end">
                <Button tone="quiet" onClick={() => edit(uri)} aria-label={`Change ${uri.value}`}>
                  Change
                </Button>
                <Confirm
                  button="Delete"
                  tone="quiet"
                  aria-label={`Delete ${uri.value}`}
                  title="Delete this redirect URI?"
                  action="Delete"
                  keys={['redirects']}
                  request={() =>
                    call('DELETE', realmPath(realm, `/clients/${client.id}/redirects/${uri.id}`), {
                      headers: ifMatch(uri.version),
                    })
                  }
                >
                  <p className="font-mono text-[12.5px] break-all">{uri.value}</p>
                </Confirm>
              </span>
            ),
          },
        ]}
      />
      {open && (
        <RedirectDialog
          client={client.id}
          uri={editing === 'new' ? null : editing}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  )
}
