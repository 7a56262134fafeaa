import type { Output } from '../output.ts'
import { type PartDiff, printDiff } from '../print-diff.ts'
import { safeLine } from '../safe-text.ts'

export interface Transform {
  readonly id: string
  readonly letters: number
  readonly missing: number
  readonly preview: Readonly<Record<'untried' | 'applicable' | 'unchanged' | 'refused', number>>
  readonly done: Readonly<Record<'left' | 'applied' | 'refused' | 'reverted', number>>
  readonly reasons: readonly { readonly why: string; readonly letters: number }[]
  readonly sample: readonly { readonly letter: string; readonly parts: readonly PartDiff[] }[]
}

export interface TransformLetter {
  readonly letter: string
  readonly verdict: string | null
  readonly result: string | null
  readonly version: number | null
  readonly why: string | null
}

export function showTransform(output: Output, transform: Transform): void {
  if (output.json) return output.out(JSON.stringify(transform))
  const { id, letters, missing, preview, done, reasons, sample } = transform
  output.out(`${output.paint('bold', id)}  ${letters} letters${missing === 0 ? '' : `, ${missing} more are not there`}`)
  output.out(
    `  can be edited: ${preview.applicable}, are so already: ${preview.unchanged}, refused: ${preview.refused}`,
  )
  const { applied, refused, reverted } = done
  if (applied + refused + reverted > 0)
    output.out(`  edited: ${applied}, refused since: ${refused}, taken back: ${reverted}, left: ${done.left}`)
  for (const { why, letters: number } of reasons) output.out(`  ${number} refused: ${safeLine(why)}`)
  for (const { letter, parts } of sample) {
    output.out('')
    output.out(output.paint('bold', safeLine(letter)))
    printDiff(output, parts, '  ')
  }
  if (preview.refused > 0) output.say(`Which are refused: redrive transform letters ${id} --part refused`)
  if (done.left > 0) output.say(`No letter was changed by looking. Edit them: redrive transform apply ${id}`)
}
