/** Hands a text, or the parts of a file in order, to the browser's own saving, under this name. */
export function download(page: Document, fileName: string, type: string, text: string | readonly BlobPart[]): void {
  const address = URL.createObjectURL(new Blob([text].flat(), { type }))
  const link = page.createElement('a')
  link.href = address
  link.download = fileName
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
