import { useEventTypes } from '../queries'
import { ChoiceFilter } from '../ui/listing'

/** One type of those that the realm knows; with `groups` also all types of a kind, `user.*`. */
export function EventTypeFilter({
  groups = false,
  value,
  onChange,
}: {
  groups?: boolean
  value: string | undefined
  onChange: (type: string | undefined) => void
}) {
  const names = (useEventTypes().data ?? []).map(({ name }) => name)
  const kinds = groups ? [...new Set(names.map((name) => `${name.split('.')[0]}.*`))] : []
  return (
    <ChoiceFilter
      label="Event type"
      any="Any event"
      className="!w-52"
      options={[...kinds, ...names]}
      value={value}
      onChange={onChange}
    />
  )
}
