import { call, type Client, ifMatch, realmPath, type Role } from '../api/client'
import { useRealm } from '../queries'
import { Check, Rest, SaveRow, Section, useDraft, useSave } from '../ui/form'
import { Go } from '../ui/listing'
import { Name } from '../ui/names'
import { Picker } from '../ui/picker'
import { useToast } from '../ui/toasts'

export function ServiceAccount({ client }: { client: Client }) {
  const realm = useRealm()
  const toast = useToast()
  const { base, draft, changed, conflict, start, undo, set } = useDraft(
    client,
    ({ service_account_roles }) => ({ roles: [...service_account_roles].sort() }),
  )
  const { save, busy, failed } = useSave(
    () =>
      call<Client>('PATCH', realmPath(realm, `/clients/${client.id}`), {
        body: { service_account_roles: draft.roles },
        headers: ifMatch(base.version),
      }),
    ['client', 'clients'],
    (after, sent: typeof draft) => {
      start(after, sent)
      toast('Saved.')
    },
  )
  if (client.type === 'public')
    return (
      <Section title="Service account">
        <p className="text-muted">A public client has none: it has no secret to prove who it is.</p>
      </Section>
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
        title="Service account"
        lead="What the client may do itself, with a token for client_credentials. You can give only what you have yourself."
      >
        {draft.roles.length > 0 && (
          <div className="grid sm:grid-cols-2 gap-3">
            {draft.roles.map((id) => (
              <Check
                key={id}
                label={<Name kind="role" id={id} />}
                checked
                onChange={() => set({ roles: draft.roles.filter((each) => each !== id) })}
              />
            ))}
          </div>
        )}
        <div className="flex flex-wrap items-center gap-3">
          <Picker
            kind="role"
            label="Role"
            none="Add a role…"
            className="w-full sm:w-72"
            accept={(role) => !draft.roles.includes((role as Role).id)}
            value={undefined}
            onChange={(id) => id && set({ roles: [...draft.roles, id].sort() })}
          />
          <Go
            to="/$realm/roles/new"
            params={{ realm }}
            className="text-[13px] text-accent underline underline-offset-2"
          >
            Create a role
          </Go>
        </div>
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
