import type { DeliveryCase } from './delivery.ts'
import type { ExpiryCase } from './expiry.ts'
import type { HeadersCase } from './headers.ts'
import type { LookBackCase } from './look-back.ts'
import type { OrderCase } from './order.ts'
import type { OutageCase } from './outages.ts'
import type { PlacesCase } from './places.ts'
import type { ReconnectCase } from './reconnect.ts'
import type { SettlementCase } from './settlement.ts'
import type { ShutdownCase } from './shutdown.ts'
import type { SizesCase } from './sizes.ts'

/** Every case of the suite by name. */
export type CaseName =
  | DeliveryCase
  | PlacesCase
  | SettlementCase
  | OrderCase
  | HeadersCase
  | SizesCase
  | ShutdownCase
  | LookBackCase
  | ExpiryCase
  | ReconnectCase
  | OutageCase
