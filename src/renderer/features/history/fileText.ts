const marks = [
  { bytes: [0xff, 0xfe], encoding: 'utf-16le' },
  { bytes: [0xfe, 0xff], encoding: 'utf-16be' },
] as const

/** The text of a file: UTF-8, or UTF-16 where it begins with that one's mark, as what PowerShell's `>` writes does. */
export async function fileText(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  const mark = marks.find((each) => each.bytes.every((byte, index) => bytes[index] === byte))
  return new TextDecoder(mark?.encoding ?? 'utf-8').decode(bytes)
}
