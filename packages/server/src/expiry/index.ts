export { type ExpiryVerdict, isEndUnknown, judgeExpiry, judgeKeeping, spanText } from './judge-expiry.ts'
export { type ExpiryWatch, type SourceExpiry, watchExpiry } from './watch-expiry.ts'
