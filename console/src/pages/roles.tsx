import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { call, ifMatch, type Permission, realmPath, type Role } from '../api/client'
import { rolesPath, useClient, useRole, useRoleList } from '../directory'
import { useRealm } from '../queries'
import { Allowed } from '../session'
import { Confirm, Rest, SaveRow, Section, Text, useDraft, useSave } from '../ui/form'
import { plural } from '../ui/format'
import { Button, CopyButton, PageFailure, PageHead, Skeleton } from '../ui/kit'
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
import { isLost } from '../ui/stale'
import { useToast } from '../ui/toasts'
import { PermissionPicker, Permissions } from './permissions'

/** Roles of the realm, or of one client: the same pages at two addresses. */
export function useHome() {
  const realm = useRealm()
  const { id } = useParams({ strict: false }) as { id?: string }
  return id
    ? {
        client: id,
        base: '/$realm/clients/$id/roles',
        params: { realm, id } as Record<string, string>,
      }
    : { client: undefined, base: '/$realm/roles', params: { realm } as Record<string, string> }
}

function BackToRoles({ client }: { client?: string }) {
  const realm = useRealm()
  return client ? (
    <ClientBack client={client} />
  ) : (
    <Back to="/$realm/roles" params={{ realm }}>
      Roles
    </Back>
  )
}

function ClientBack({ client }: { client: string }) {
  const realm = useRealm()
  const data = useClient(client)
  return (
    <Back to="/$realm/clients/$id" params={{ realm, id: client }}>
      {data.data?.client_id ?? 'Client'}
    </Back>
  )
}

export function RoleListing({
  client,
  base,
  params,
  create,
}: {
  client?: string
  base: string
  params: Record<string, string>
  create: React.ReactNode
}) {
  const find = useFind()
  const list = useRoleList(client, find)
  return (
    <Listing
      label="Roles"
      list={list}
      filters={<Find label="Search roles" placeholder="Search by name" />}
      empty={
        <Nothing filtered={Boolean(find)} title="No roles yet" action={create}>
          {client
            ? 'Roles that only this client knows.'
            : 'A role is a name for a set of permissions, which users and service accounts get with it.'}
        </Nothing>
      }
      columns={[
        {
          label: 'Role',
          cell: (role) => (
            <>
              <RowLink to={`${base}/$role`} params={{ ...params, role: role.id }}>
                {role.name}
              </RowLink>
              {role.description && (
                <div className="text-[12.5px] text-muted break-words">{role.description}</div>
              )}
            </>
          ),
        },
        {
          label: 'Permissions',
          from: 'md',
          cell: (role) => <Permissions names={role.permissions} />,
        },
        createdColumn('sm'),
      ]}
    />
  )
}

export function Roles() {
  const realm = useRealm()
  const create = (
    <Allowed to="manage_roles">
      <Go to="/$realm/roles/new" params={{ realm }} className={primaryLink}>
        Create role
      </Go>
    </Allowed>
  )
  return (
    <>
      <PageHead
        title="Roles"
        lead="Names for sets of permissions. Users and service accounts get what their roles permit."
        actions={create}
      />
      <RoleListing base="/$realm/roles" params={{ realm }} create={create} />
    </>
  )
}

interface AboutRole {
  name: string
  description: string
}

function AboutFields({
  draft,
  set,
  error,
}: {
  draft: AboutRole
  set: (change: Partial<AboutRole>) => void
  error: (name: keyof AboutRole) => string | undefined
}) {
  return (
    <>
      <Text
        label="Name"
        value={draft.name}
        onChange={(name) => set({ name })}
        error={error('name')}
        maxLength={255}
        spellCheck={false}
      />
      <Text
        label="Description"
        value={draft.description}
        onChange={(description) => set({ description })}
        error={error('description')}
        maxLength={2000}
      />
    </>
  )
}

export function NewRole() {
  const realm = useRealm()
  const navigate = useNavigate()
  const { client, base, params } = useHome()
  const [draft, setDraft] = useState({ name: '', description: '', permissions: [] as Permission[] })
  const set = (change: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...change }))
  const { save, busy, failed, field } = useSave(
    () => call<Role>('POST', realmPath(realm, rolesPath(client)), { body: draft }),
    ['roles'],
    (role) => navigate({ to: `${base}/$role`, params: { ...params, role: role.id } } as never),
  )
  return (
    <div className="max-w-3xl">
      <BackToRoles client={client} />
      <PageHead title="Create role" />
      <form
        noValidate
        className="space-y-6"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(undefined)
        }}
      >
        <Section title="What it is">
          <AboutFields draft={draft} set={set} error={field} />
        </Section>
        <Section title="What it permits" lead="You can give only what you have yourself.">
          <PermissionPicker
            chosen={draft.permissions}
            onChange={(permissions) => set({ permissions })}
          />
          <Rest of={failed} fields={['name', 'description']} />
          <Unsaved
            when={!busy && Boolean(draft.name || draft.description || draft.permissions.length)}
          />
          <div className="flex justify-end">
            <Button tone="primary" type="submit" busy={busy}>
              Create role
            </Button>
          </div>
        </Section>
      </form>
    </div>
  )
}

function About({ role, path }: { role: Role; path: string }) {
  const toast = useToast()
  const { base, draft, changed, conflict, start, undo, set } = useDraft(
    role,
    ({ name, description }) => ({
      name,
      description,
    }),
  )
  const { save, busy, failed, field } = useSave(
    () => call<Role>('PATCH', path, { body: draft, headers: ifMatch(base.version) }),
    ['roles', 'role'],
    (after, sent: typeof draft) => {
      start(after, sent)
      toast('Saved.')
    },
  )
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(draft)
      }}
    >
      <Section title="What it is">
        <AboutFields draft={draft} set={set} error={field} />
        <Rest of={failed} fields={['name', 'description']} />
        <SaveRow
          changed={changed}
          conflict={conflict}
          reset={() => save.reset()}
          busy={busy}
          undo={() => {
            save.reset()
            undo()
          }}
        />
      </Section>
    </form>
  )
}

/** A client's role is a name that the client itself gives a meaning; it has no route for permissions alone. */
function Permits({ role, path, ofClient }: { role: Role; path: string; ofClient: boolean }) {
  const toast = useToast()
  const { base, draft, changed, conflict, start, undo, set } = useDraft(
    role,
    ({ permissions }) => ({
      permissions: [...permissions].sort(),
    }),
  )
  const { save, busy, failed } = useSave(
    () =>
      call<Role>(ofClient ? 'PATCH' : 'PUT', ofClient ? path : `${path}/permissions`, {
        body: draft,
        headers: ifMatch(base.version),
      }),
    ['roles', 'role'],
    (after, sent: typeof draft) => {
      start(after, sent)
      toast(ofClient ? 'Saved.' : 'Saved: everybody with this role may do this now.')
    },
  )
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(draft)
      }}
    >
      <Section
        title="What it permits"
        lead={
          ofClient
            ? undefined
            : `${plural(draft.permissions.length, 'permission')}. You can give only what you have yourself.`
        }
      >
        <PermissionPicker
          chosen={draft.permissions}
          onChange={(permissions) => set({ permissions: [...permissions].sort() })}
        />
        <Rest of={failed} fields={[]} />
        <SaveRow
          changed={changed}
          conflict={conflict}
          reset={() => save.reset()}
          busy={busy}
          undo={() => {
            save.reset()
            undo()
          }}
        />
      </Section>
    </form>
  )
}

export function RolePage() {
  const realm = useRealm()
  const navigate = useNavigate()
  const toast = useToast()
  const { client } = useHome()
  const { role: id } = useParams({ strict: false }) as { role: string }
  const role = useRole(id, client)
  if (role.isPending) return <Skeleton />
  if (isLost(role)) return <PageFailure error={role.error} retry={() => role.refetch()} />
  const data = role.data
  const path = realmPath(realm, `${rolesPath(client)}/${id}`)
  return (
    <div className="max-w-3xl">
      <BackToRoles client={client} />
      <PageHead
        title={data.name}
        lead={
          <span className="inline-flex items-center gap-1 font-mono text-[12px]">
            {data.id}
            <CopyButton text={data.id} label="Copy role id" />
          </span>
        }
        actions={
          <Confirm
            button="Delete"
            title={`Delete the role ${data.name}?`}
            action="Delete"
            keys={['roles', 'user-roles']}
            request={() => call('DELETE', path, { headers: ifMatch(data.version) })}
            done={async () => {
              toast('The role is deleted.')
              await navigate({
                to: client ? '/$realm/clients/$id' : '/$realm/roles',
                params: { realm, id: client },
              } as never)
            }}
          >
            <p>Everybody who has it loses what it permits, at once.</p>
          </Confirm>
        }
      />
      <div className="space-y-6">
        <About key={id} role={data} path={path} />
        <Permits key={`${id}-p`} role={data} path={path} ofClient={client !== undefined} />
      </div>
    </div>
  )
}
