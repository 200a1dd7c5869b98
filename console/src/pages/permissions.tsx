import { type Permission } from '../api/client'
import { others, resources } from '../directory'
import { useSession } from '../session'
import { Check } from '../ui/form'
import { Badge } from '../ui/kit'

export function Permissions({ names }: { names: string[] }) {
  if (names.length === 0) return <span className="text-muted text-[13px]">none</span>
  return (
    <span className="flex flex-wrap gap-1">
      {names.slice(0, 3).map((name) => (
        <Badge key={name} tone="accent">
          {name}
        </Badge>
      ))}
      {names.length > 3 && <Badge tone="idle">{`and ${names.length - 3} more`}</Badge>}
    </span>
  )
}

const view_all: Permission[] = [
  'view_webhooks',
  'view_events',
  'view_users',
  'view_roles',
  'view_clients',
  'view_audit',
]
/** What most programs and people need, by what they are for. */
const presets: { label: string; hint: string; names: Permission[] }[] = [
  { label: 'Publish', hint: 'A program that publishes events', names: ['publish_events'] },
  { label: 'Look', hint: 'Reads everything, changes nothing', names: view_all },
  {
    label: 'On call',
    hint: 'Finds failures and redelivers',
    names: ['view_webhooks', 'view_events', 'redeliver'],
  },
  {
    label: 'Webhooks',
    hint: 'Creates and changes webhooks',
    names: ['view_webhooks', 'manage_webhooks', 'view_events', 'redeliver'],
  },
  {
    label: 'Directory',
    hint: 'Manages users, roles and clients',
    names: [
      'view_users',
      'manage_users',
      'view_roles',
      'manage_roles',
      'view_clients',
      'manage_clients',
    ],
  },
]

function Presets({
  has,
  onChange,
}: {
  has: ReadonlySet<string>
  onChange: (names: Permission[]) => void
}) {
  const { who } = useSession()
  const mine = (who?.permissions ?? []) as Permission[]
  const offered = [
    ...presets.filter(({ names }) => names.every((name) => mine.includes(name))),
    { label: 'All of mine', hint: 'Everything that you may do yourself', names: mine },
    { label: 'None', hint: 'Nothing', names: [] },
  ]
  return (
    <div role="group" aria-label="Presets" className="flex flex-wrap gap-1.5 mb-5">
      {offered.map(({ label, hint, names }) => {
        const chosen = names.length === has.size && names.every((name) => has.has(name))
        return (
          <button
            key={label}
            type="button"
            title={hint}
            aria-pressed={chosen}
            onClick={() => onChange([...names])}
            className={`h-8 px-2.5 rounded-lg border text-[12.5px] font-medium ${chosen ? 'border-accent bg-accent/10 text-accent' : 'border-line text-muted hover:text-ink'}`}
          >
            {label}
          </button>
        )
      })}
    </div>
  )
}

/** "view" and "manage" of every resource, and the permissions that stand alone. */
export function PermissionPicker({
  chosen,
  onChange,
}: {
  chosen: Permission[]
  onChange: (names: Permission[]) => void
}) {
  const has = new Set(chosen)
  const toggle = (name: Permission, on: boolean) =>
    onChange(on ? [...chosen, name] : chosen.filter((each) => each !== name))
  const box = (name: Permission) => (
    <input
      type="checkbox"
      className="accent-[rgb(var(--accent))]"
      aria-label={name}
      checked={has.has(name)}
      onChange={(event) => toggle(name, event.target.checked)}
    />
  )
  return (
    <>
      <Presets has={has} onChange={onChange} />
      <div className="grid md:grid-cols-2 gap-x-8 gap-y-5">
        <table className="w-full text-[13.5px] self-start">
          <thead>
            <tr>
              <th className="text-left text-[12px] font-medium text-muted pb-2">Resource</th>
              <th className="text-[12px] font-medium text-muted pb-2 w-16">View</th>
              <th className="text-[12px] font-medium text-muted pb-2 w-20">Manage</th>
            </tr>
          </thead>
          <tbody>
            {resources.map(([key, label]) => (
              <tr key={key} className="border-t border-line/70">
                <th scope="row" className="text-left font-medium h-9">
                  {label}
                </th>
                <td className="text-center">{box(`view_${key}`)}</td>
                <td className="text-center">{box(`manage_${key}`)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <div className="space-y-3">
          {others.map(([name, what]) => (
            <Check
              key={name}
              label={<span className="font-mono text-[12.5px] font-normal">{name}</span>}
              hint={what}
              checked={has.has(name)}
              onChange={(on) => toggle(name, on)}
            />
          ))}
        </div>
      </div>
    </>
  )
}
