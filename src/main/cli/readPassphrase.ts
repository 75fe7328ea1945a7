/** A passphrase as a command takes it: from a file, from standard input, or typed unseen. Never from an argument: every user of the machine reads those. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { UsageError } from './exitCodes.ts'

export interface PassphraseOptions {
  /** Read it from this file; its last line end is not part of it. */
  passphraseFile?: string
}

/**
 * @param asked what for, as the prompt says it
 * @param repeat ask twice, where a slip would lock something for good
 * @throws UsageError when there is none, or the two differ
 */
export async function readPassphrase(asked: string, { passphraseFile }: PassphraseOptions, repeat = false): Promise<string> {
  const passphrase = await read(asked, passphraseFile, repeat)
  if (passphrase === '') throw new UsageError('The passphrase is empty. Nothing was changed.')
  return passphrase
}

async function read(asked: string, file: string | undefined, repeat: boolean): Promise<string> {
  if (file !== undefined) {
    try {
      return withoutLineEnd(readFileSync(file, 'utf8'))
    } catch (error) {
      throw new UsageError(
        `The passphrase file ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}.`,
      )
    }
  }
  if (!process.stdin.isTTY) return withoutLineEnd(await text(process.stdin))
  const typed = await prompt(`${asked}: `)
  if (repeat && (await prompt('Once more: ')) !== typed) throw new UsageError('The two differ. Nothing was changed.')
  return typed
}

const withoutLineEnd = (content: string) => content.replace(/\r?\n$/, '')

/** What is typed is not shown, and stays out of every history. */
function prompt(question: string): Promise<string> {
  process.stderr.write(question)
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: unseen, terminal: true, historySize: 0 })
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      process.stderr.write('\n')
      lines.off('close', cancelled)
      lines.close()
      resolve(line)
    })
    const cancelled = () => reject(new UsageError('Nothing was entered, and nothing was changed.'))
    lines.once('SIGINT', () => lines.close())
    lines.once('close', cancelled)
  })
}
