export { createToken, listTokens, revokeToken, type TokenRow, tokenHolder } from './tokens.ts'
