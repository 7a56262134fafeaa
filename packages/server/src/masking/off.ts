import type { MaskingConfig } from '../config/index.ts'

/** Nothing is masked, for anybody. */
export const maskingOff: MaskingConfig = { rules: [], defaults: false }
