export { renewLocalToken } from './local-token.ts'
export { createToken, listTokens, revokeToken, type TokenRow, tokenHolder } from './tokens.ts'
