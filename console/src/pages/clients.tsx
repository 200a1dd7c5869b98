import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { call, type ClientWithSecret, realmPath } from '../api/client'
import { useClients } from '../directory'
import { useRealm } from '../queries'
import { Allowed } from '../session'
import { Check, Once, Rest, Section, Text, useSave } from '../ui/form'
import { Badge, Button, EnabledBadge, Field, PageHead } from '../ui/kit'
import { Unsaved } from '../ui/leaving'
import {
  Back,
  createdColumn,
  Find,
  Go,
  Listing,
  Nothing,
  primaryLink,
  RowLink,
  useFind,
} from '../ui/listing'

export function Clients() {
  const realm = useRealm()
  const find = useFind()
  const list = useClients({ search: find })
  const create = (
    <Allowed to="manage_clients">
      <Go to="/$realm/clients/new" params={{ realm }} className={primaryLink}>
        Create client
      </Go>
    </Allowed>
  )
  return (
    <>
      <PageHead
        title="Clients"
        lead="Applications that this realm knows, with their roles and redirect URIs."
        actions={create}
      />
      <Listing
        label="Clients"
        list={list}
        filters={<Find label="Search clients" placeholder="Search by identifier or name" />}
        empty={
          <Nothing filtered={Boolean(find)} title="No clients yet" action={create}>
            A client is an application: it gets a secret, roles of its own, and addresses to return
            to.
          </Nothing>
        }
        columns={[
          {
            label: 'Client',
            cell: (client) => (
              <>
                <RowLink to="/$realm/clients/$id" params={{ realm, id: client.id }}>
                  {client.client_id}
                </RowLink>
                {client.name && (
                  <div className="text-[12.5px] text-muted break-words">{client.name}</div>
                )}
              </>
            ),
          },
          { label: 'Type', from: 'sm', cell: (client) => <Badge tone="idle">{client.type}</Badge> },
          {
            label: 'State',
            cell: (client) => <EnabledBadge on={client.enabled} />,
          },
          createdColumn('md'),
        ]}
      />
    </>
  )
}

export type ClientDraft = {
  client_id: string
  name: string
  description: string
  type: 'public' | 'confidential'
  enabled: boolean
}

export const clientFields = ['client_id', 'name', 'description', 'type']

export function ClientFields({
  draft,
  set,
  field,
}: {
  draft: ClientDraft
  set: (change: Partial<ClientDraft>) => void
  field: (name: string) => string | undefined
}) {
  return (
    <>
      <div className="grid sm:grid-cols-2 gap-5">
        <Text
          label="Client id"
          mono
          value={draft.client_id}
          onChange={(client_id) => set({ client_id })}
          error={field('client_id')}
          maxLength={255}
          spellCheck={false}
          hint="What it calls itself; unique in the realm."
        />
        <Text
          label="Name"
          value={draft.name}
          onChange={(name) => set({ name })}
          error={field('name')}
          maxLength={255}
        />
      </div>
      <Text
        label="Description"
        value={draft.description}
        onChange={(description) => set({ description })}
        error={field('description')}
        maxLength={2000}
      />
      <div className="grid sm:grid-cols-2 gap-5 items-start">
        <Field
          label="Type"
          error={field('type')}
          value={draft.type}
          hint={
            draft.type === 'confidential'
              ? 'It runs on a server and keeps a secret.'
              : 'It runs with its users and cannot keep a secret.'
          }
        >
          {(ids) => (
            <select
              {...ids}
              className="field"
              value={draft.type}
              onChange={(event) => set({ type: event.target.value as ClientDraft['type'] })}
            >
              <option value="confidential">confidential</option>
              <option value="public">public</option>
            </select>
          )}
        </Field>
        <div className="sm:pt-7">
          <Check
            label="Enabled"
            hint="A disabled client gets no tokens."
            checked={draft.enabled}
            onChange={(enabled) => set({ enabled })}
          />
        </div>
      </div>
    </>
  )
}

export function NewClient() {
  const realm = useRealm()
  const navigate = useNavigate()
  const [draft, setDraft] = useState<ClientDraft>({
    client_id: '',
    name: '',
    description: '',
    type: 'confidential',
    enabled: true,
  })
  const [made, setMade] = useState<ClientWithSecret | null>(null)
  const go = (client: ClientWithSecret) =>
    void navigate({
      to: '/$realm/clients/$id' as '/$realm',
      params: { realm, id: client.id } as never,
    })
  const { save, busy, failed, field } = useSave(
    () => call<ClientWithSecret>('POST', realmPath(realm, '/clients'), { body: draft }),
    ['clients'],
    (client) => {
      if (client.secret) setMade(client)
      else go(client)
    },
  )
  return (
    <div className="max-w-3xl">
      <Back to="/$realm/clients" params={{ realm }}>
        Clients
      </Back>
      <PageHead title="Create client" />
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(undefined)
        }}
      >
        <Section title="What it is">
          <ClientFields
            draft={draft}
            set={(change) => setDraft((before) => ({ ...before, ...change }))}
            field={field}
          />
          <Rest of={failed} fields={clientFields} />
          <Unsaved
            when={
              !busy && made === null && Boolean(draft.client_id || draft.name || draft.description)
            }
          />
          <div className="flex justify-end">
            <Button tone="primary" type="submit" busy={busy}>
              Create client
            </Button>
          </div>
        </Section>
      </form>
      <Once
        open={made !== null}
        title="Client created"
        label="Client secret"
        secret={made?.secret ?? ''}
        onClose={() => {
          if (made) go(made)
        }}
      >
        Give it to the application; with its client id it gets tokens.
      </Once>
    </div>
  )
}
