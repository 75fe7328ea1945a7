import type { Connection } from '../../../contract/wire.ts'

/** The parts of an archive of diagnostics, in order. @throws CallFailed `notFound` when it is not there any more */
export async function readArchive(connection: Pick<Connection, 'call'>, name: string): Promise<Uint8Array<ArrayBuffer>[]> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (let from: number | null = 0; from !== null; ) {
    const piece: { base64: string; next: number | null } = await connection.call('diagnostics.read', { name, from })
    parts.push(Uint8Array.from(atob(piece.base64), (letter) => letter.charCodeAt(0)))
    from = piece.next
  }
  return parts
}
