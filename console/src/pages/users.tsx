import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

import { call, realmPath, type User } from '../api/client'
import { type ExactUser, useUsers } from '../directory'
import { useRealm } from '../queries'
import { Allowed } from '../session'
import { Check, Confirm, Rest, Section, Text, useSave } from '../ui/form'
import { plural } from '../ui/format'
import { Button, EnabledBadge, Field, PageHead } from '../ui/kit'
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
import { useToast } from '../ui/toasts'

export const fullName = (user: User) => [user.first_name, user.last_name].filter(Boolean).join(' ')

export function Users() {
  const realm = useRealm()
  const find = useFind()
  const toast = useToast()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const list = useUsers({ search: find })
  const filtered = Boolean(find)
  const create = (
    <Allowed to="manage_users">
      <Go to="/$realm/users/new" params={{ realm }} className={primaryLink}>
        Create user
      </Go>
    </Allowed>
  )
  useEffect(() => setChosen(new Set()), [find])
  return (
    <>
      <PageHead
        title="Users"
        lead="People and accounts of this realm. Every change here is an event."
        actions={create}
      />
      <Listing
        label="Users"
        list={list}
        select={{ chosen, onChange: setChosen, name: (user) => user.username }}
        filters={
          <>
            <Find label="Search users" placeholder="Search by name or e-mail address" />
            <span className="flex-1" />
            {chosen.size > 0 && (
              <Confirm
                button={`Delete ${chosen.size}`}
                title={`Delete ${plural(chosen.size, 'user')}?`}
                action="Delete"
                keys={['users']}
                request={() =>
                  call('POST', realmPath(realm, '/users/bulk-delete'), {
                    body: { ids: [...chosen] },
                  })
                }
                done={() => {
                  toast(`${plural(chosen.size, 'user is', 'users are')} deleted.`)
                  setChosen(new Set())
                }}
              >
                <p>
                  Their credentials, roles and sessions go too. One event,{' '}
                  <code className="font-mono text-[12.5px]">user.bulk_deleted</code>, tells of all
                  of them.
                </p>
              </Confirm>
            )}
          </>
        }
        empty={
          <Nothing filtered={filtered} title="No users yet" action={create}>
            Create one, or import a realm with{' '}
            <code className="font-mono text-[12.5px]">postrider import</code>.
          </Nothing>
        }
        columns={[
          {
            label: 'User',
            cell: (user) => (
              <>
                <RowLink to="/$realm/users/$id" params={{ realm, id: user.id }}>
                  {user.username}
                </RowLink>
                {fullName(user) && (
                  <div className="text-[12.5px] text-muted break-words">{fullName(user)}</div>
                )}
              </>
            ),
          },
          {
            label: 'E-mail',
            from: 'md',
            className: 'md:min-w-52',
            cell: (user) =>
              user.email ? (
                <span className="break-words">{user.email}</span>
              ) : (
                <span className="text-muted">–</span>
              ),
          },
          {
            label: 'State',
            cell: (user) => <EnabledBadge on={user.enabled} />,
          },
          createdColumn('sm'),
        ]}
      />
    </>
  )
}

export type UserDraft = {
  username: string
  email: string
  email_verified: boolean
  first_name: string
  last_name: string
  enabled: boolean
  attributes: string
}

export const draftOf = (user?: ExactUser): UserDraft => ({
  username: user?.username ?? '',
  email: user?.email ?? '',
  email_verified: user?.email_verified ?? false,
  first_name: user?.first_name ?? '',
  last_name: user?.last_name ?? '',
  enabled: user?.enabled ?? true,
  attributes: user?.attributes_text ?? '{}',
})

/** Its attributes' text goes as it is, so that long numbers keep their digits. */
export function bodyOf(draft: UserDraft): string {
  const { attributes, ...rest } = draft
  return `${JSON.stringify({ ...rest, email: rest.email || null }).slice(0, -1)},"attributes":${attributes.trim() || '{}'}}`
}

export const userFields = ['username', 'email', 'first_name', 'last_name', 'attributes']

export function UserFields({
  draft,
  set,
  field,
}: {
  draft: UserDraft
  set: (change: Partial<UserDraft>) => void
  field: (name: string) => string | undefined
}) {
  return (
    <>
      <div className="grid sm:grid-cols-2 gap-5">
        <Text
          label="Username"
          value={draft.username}
          onChange={(username) => set({ username })}
          error={field('username')}
          maxLength={255}
          autoComplete="off"
          spellCheck={false}
          required
        />
        <Text
          label="E-mail"
          type="email"
          value={draft.email}
          onChange={(email) => set({ email })}
          error={field('email')}
          maxLength={254}
          autoComplete="off"
        />
        <Text
          label="First name"
          value={draft.first_name}
          onChange={(first_name) => set({ first_name })}
          error={field('first_name')}
          maxLength={255}
          autoComplete="off"
        />
        <Text
          label="Last name"
          value={draft.last_name}
          onChange={(last_name) => set({ last_name })}
          error={field('last_name')}
          maxLength={200}
          autoComplete="off"
        />
        <Check
          label="Enabled"
          hint="A disabled user cannot log in."
          checked={draft.enabled}
          onChange={(enabled) => set({ enabled })}
        />
        <Check
          label="E-mail verified"
          checked={draft.email_verified}
          onChange={(email_verified) => set({ email_verified })}
        />
      </div>
      <Field
        label="Attributes"
        hint="A JSON object of your own."
        error={field('attributes')}
        value={draft.attributes}
      >
        {(ids) => (
          <textarea
            {...ids}
            className="field"
            rows={Math.min(12, Math.max(3, draft.attributes.split('\n').length))}
            spellCheck={false}
            value={draft.attributes}
            onChange={(event) => set({ attributes: event.target.value })}
          />
        )}
      </Field>
    </>
  )
}

export function NewUser() {
  const realm = useRealm()
  const navigate = useNavigate()
  const [draft, setDraft] = useState(draftOf())
  const { save, busy, failed, field } = useSave(
    () => call<User>('POST', realmPath(realm, '/users'), { text: bodyOf(draft) }),
    ['users'],
    (user) =>
      navigate({ to: '/$realm/users/$id' as '/$realm', params: { realm, id: user.id } as never }),
  )
  return (
    <div className="max-w-3xl">
      <Back to="/$realm/users" params={{ realm }}>
        Users
      </Back>
      <PageHead
        title="Create user"
        lead="They cannot log in before they have a password: set one, or send them a link, on the next page."
      />
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(undefined)
        }}
      >
        <Section title="Profile">
          <UserFields
            draft={draft}
            set={(change) => setDraft((before) => ({ ...before, ...change }))}
            field={field}
          />
          <Rest of={failed} fields={userFields} />
          <Unsaved when={!busy && JSON.stringify(draft) !== JSON.stringify(draftOf())} />
          <div className="flex justify-end">
            <Button tone="primary" type="submit" busy={busy}>
              Create user
            </Button>
          </div>
        </Section>
      </form>
    </div>
  )
}
