export { renewLocalToken } from './local-token.ts'
export { type Holder, type Role, roles } from './roles.ts'
export { createToken, listTokens, revokeToken, type TokenRow, tokenHolder } from './tokens.ts'
