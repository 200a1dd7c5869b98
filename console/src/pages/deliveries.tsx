import { PageHead } from '../ui/kit'
import { DeliveryBrowser } from './delivery-list'

export function Deliveries() {
  return (
    <>
      <PageHead
        title="Deliveries"
        lead="Every event on its way to every webhook, with each attempt."
      />
      <DeliveryBrowser webhook={null} />
    </>
  )
}
